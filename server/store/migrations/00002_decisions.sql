-- What happened is read by time, for all repositories and for one, and by kind.

-- +goose Up
ALTER TABLE decision ADD COLUMN repository TEXT NOT NULL DEFAULT ''; -- owner/name as it was then: the log outlives repositories
DROP INDEX decision_repository;
DROP INDEX decision_at;
CREATE INDEX decision_repository ON decision (repository_id, at, id);
CREATE INDEX decision_at ON decision (at, id);
CREATE INDEX decision_kind ON decision (kind, at, id);
CREATE INDEX decision_repository_kind ON decision (repository_id, kind, at, id);

-- +goose Down
DROP INDEX decision_repository_kind;
DROP INDEX decision_kind;
DROP INDEX decision_at;
DROP INDEX decision_repository;
CREATE INDEX decision_at ON decision (at);
CREATE INDEX decision_repository ON decision (repository_id, id);
ALTER TABLE decision DROP COLUMN repository;
