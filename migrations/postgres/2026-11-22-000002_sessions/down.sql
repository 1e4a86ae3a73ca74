DROP TABLE sessions;
DROP FUNCTION refuse_session_change();
