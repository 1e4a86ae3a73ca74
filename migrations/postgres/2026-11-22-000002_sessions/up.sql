-- Who is signed in to the pages. `session_id` is the digest of the cookie's secret, which stands nowhere.
-- `claims` is JSON: what the sign-in granted. `signed_in_at` is when the person proved who they are, if
-- that is known. Rows are deleted some days after they expire.
CREATE TABLE sessions (
    session_id   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id      TEXT COLLATE "C" NOT NULL,
    claims       TEXT COLLATE "C" NOT NULL,
    org_id       TEXT COLLATE "C" NOT NULL,
    signed_in_at BIGINT,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL CHECK (last_seen_at >= created_at),
    expires_at   BIGINT NOT NULL CHECK (expires_at > created_at),
    ended_at     BIGINT
);
CREATE INDEX sessions_by_user ON sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE FUNCTION refuse_session_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'sessions: one that has ended stays as it is, and whose it is never changes';
END $$;
CREATE TRIGGER sessions_stay_ended BEFORE UPDATE ON sessions
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION refuse_session_change();
CREATE TRIGGER sessions_stay_theirs
    BEFORE UPDATE OF session_id, user_id, claims, signed_in_at, created_at, expires_at ON sessions
    FOR EACH ROW EXECUTE FUNCTION refuse_session_change();
