DROP TABLE usage_counters;
DROP TABLE submission_keys;
DROP TABLE type_versions;
DROP INDEX decisions_by_person;
ALTER TABLE decisions DROP COLUMN number, DROP COLUMN stage, DROP COLUMN capacities, DROP COLUMN act;
DROP TRIGGER requests_terms_never_change ON requests;
DROP INDEX requests_approved;
DROP INDEX requests_by_subject;
DROP INDEX requests_inbox;
ALTER TABLE requests
    DROP COLUMN terms, DROP COLUMN subject, DROP COLUMN waits_for, DROP COLUMN turn_at, DROP COLUMN execute_before;
