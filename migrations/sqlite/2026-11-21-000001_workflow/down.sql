DROP TABLE refusals;
DROP TABLE events;
DROP TABLE answers;
DROP TABLE attempts;
DROP TABLE executions;
DROP TABLE decisions;
DROP TABLE calls;
DROP TABLE requests;
