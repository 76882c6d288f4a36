-- One folder for SQLite and PostgreSQL: only what both understand. Times are milliseconds since 1970, 0 for never.

-- +goose Up
CREATE TABLE installation (
  id BIGINT PRIMARY KEY,
  account TEXT NOT NULL,
  account_id BIGINT NOT NULL,
  suspended BOOLEAN NOT NULL,
  permissions TEXT NOT NULL, -- JSON
  listed_at BIGINT NOT NULL  -- when its repositories were last listed
);

CREATE TABLE repository (
  id BIGINT PRIMARY KEY,
  installation_id BIGINT NOT NULL,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  default_branch TEXT NOT NULL, -- '' until it was told, and then the next two say nothing
  archived BOOLEAN NOT NULL,
  fork BOOLEAN NOT NULL,
  watch TEXT NOT NULL,       -- branches that matter besides the default one, by lines; * at the end stands for any
  requested BIGINT NOT NULL, -- how often a look was asked for; see server/jobs
  done BIGINT NOT NULL,      -- what requested was when the last finished look began
  forced_at BIGINT NOT NULL, -- registries are really to be asked since
  next_at BIGINT NOT NULL,   -- when the schedule wants a look
  ended_at BIGINT NOT NULL,
  parked TEXT NOT NULL,      -- why looks are given up for now
  result TEXT NOT NULL       -- JSON: how the last finished look ended
);
CREATE INDEX repository_next ON repository (next_at);
CREATE INDEX repository_installation ON repository (installation_id);
CREATE INDEX repository_name ON repository (lower(owner), lower(name)); -- names have no case
CREATE INDEX repository_parked ON repository (id) WHERE parked <> '';

CREATE TABLE counted (
  name TEXT PRIMARY KEY, -- "looks": as often as one was asked for at any repository that was removed
  value BIGINT NOT NULL
);

CREATE TABLE image_use (
  registry TEXT NOT NULL,
  path TEXT NOT NULL,
  repository_id BIGINT NOT NULL,
  PRIMARY KEY (registry, path, repository_id)
);
CREATE INDEX image_use_repository ON image_use (repository_id);

CREATE TABLE stale (
  registry TEXT NOT NULL,
  path TEXT NOT NULL,
  at BIGINT NOT NULL, -- answers of registries from before are none
  PRIMARY KEY (registry, path)
);
CREATE INDEX stale_at ON stale (at);

CREATE TABLE first_seen (
  image TEXT NOT NULL,
  name TEXT NOT NULL, -- "tag" or "tag@digest"
  seen_at BIGINT NOT NULL,
  PRIMARY KEY (image, name)
);

CREATE TABLE cooldown (
  scope TEXT PRIMARY KEY, -- "installation 7"
  until BIGINT NOT NULL
);

CREATE TABLE fact (
  name TEXT PRIMARY KEY,
  value BYTEA NOT NULL,
  used_at BIGINT NOT NULL
);
CREATE INDEX fact_used ON fact (used_at);

CREATE TABLE remembered (
  repository_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  etag TEXT NOT NULL,
  value BYTEA NOT NULL,
  used_at BIGINT NOT NULL,
  PRIMARY KEY (repository_id, name)
);

CREATE TABLE note (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE decision (
  id TEXT PRIMARY KEY, -- in the order of time
  at BIGINT NOT NULL,
  repository_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  what TEXT NOT NULL -- JSON
);
CREATE INDEX decision_repository ON decision (repository_id, id);
CREATE INDEX decision_at ON decision (at);

CREATE TABLE replica (
  id TEXT PRIMARY KEY,
  seen_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE replica;
DROP TABLE decision;
DROP TABLE note;
DROP TABLE remembered;
DROP TABLE fact;
DROP TABLE cooldown;
DROP TABLE first_seen;
DROP TABLE stale;
DROP TABLE image_use;
DROP TABLE counted;
DROP TABLE repository;
DROP TABLE installation;
