-- name: user_by_name
SELECT user_id, user_name, password_hash, role, disabled_at FROM users WHERE user_name = %(user_name)s;

-- name: users
SELECT user_name, role, created_at, disabled_at FROM users ORDER BY user_name;

-- name: add_user
INSERT INTO users (user_name, password_hash, role) VALUES (%(user_name)s, %(password_hash)s, %(role)s)
ON CONFLICT (user_name) DO NOTHING
RETURNING user_id;

-- name: set_password
-- Whoever sat at an open session with the old password is signed out.
WITH changed AS (
    UPDATE users SET password_hash = %(password_hash)s WHERE user_name = %(user_name)s RETURNING user_id
), ended AS (
    DELETE FROM sessions USING changed WHERE sessions.user_id = changed.user_id
)
SELECT user_id FROM changed;

-- name: upgrade_hash
UPDATE users SET password_hash = %(password_hash)s WHERE user_id = %(user_id)s AND password_hash = %(old_hash)s;

-- name: add_session
INSERT INTO sessions (token_sha256, user_id, created_at, expires_at)
VALUES (%(token_sha256)s, %(user_id)s, %(now)s, %(expires_at)s);

-- name: session_user
SELECT u.user_name, u.role, s.created_at, s.expires_at
FROM sessions s JOIN users u USING (user_id)
WHERE s.token_sha256 = %(token_sha256)s AND s.expires_at > %(now)s AND u.disabled_at IS NULL;

-- name: extend_session
UPDATE sessions SET expires_at = %(expires_at)s WHERE token_sha256 = %(token_sha256)s;

-- name: end_session
DELETE FROM sessions WHERE token_sha256 = %(token_sha256)s;

-- name: end_expired_sessions
DELETE FROM sessions WHERE expires_at <= %(now)s;

-- name: key_by_digest
SELECT name, role FROM api_keys
WHERE key_sha256 = %(key_sha256)s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > %(now)s);

-- name: add_key
INSERT INTO api_keys (name, key_sha256, role, expires_at)
VALUES (%(name)s, %(key_sha256)s, %(role)s, %(expires_at)s)
ON CONFLICT (name) DO NOTHING
RETURNING api_key_id;

-- name: keys
SELECT name, role, created_at, expires_at, revoked_at FROM api_keys ORDER BY name;

-- name: revoke_key
UPDATE api_keys SET revoked_at = coalesce(revoked_at, %(now)s) WHERE name = %(name)s RETURNING api_key_id;
