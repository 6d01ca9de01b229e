BEGIN TRANSACTION;
CREATE TABLE approvals (
	seq INTEGER NOT NULL, 
	fingerprint TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_approvals PRIMARY KEY (seq), 
	CONSTRAINT fk_approvals_plans FOREIGN KEY(fingerprint) REFERENCES plans (fingerprint)
);
INSERT INTO "approvals" VALUES(1,'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff','Ada','read','2026-03-01 12:30:15.123456');
CREATE TABLE changes (
	fingerprint TEXT NOT NULL, 
	change_id TEXT NOT NULL, 
	position BIGINT NOT NULL, 
	target TEXT NOT NULL, 
	action TEXT NOT NULL, 
	account_id TEXT, 
	source TEXT, 
	source_id TEXT, 
	subject TEXT NOT NULL, 
	kind TEXT, 
	entitlement_id TEXT, 
	entitlement TEXT, 
	"before" TEXT NOT NULL, 
	"after" TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	rule TEXT NOT NULL, 
	movement TEXT, 
	destructive BOOLEAN NOT NULL, 
	reversible BOOLEAN NOT NULL, 
	nth INTEGER NOT NULL, 
	CONSTRAINT pk_changes PRIMARY KEY (fingerprint, change_id), 
	CONSTRAINT fk_changes_plans FOREIGN KEY(fingerprint) REFERENCES plans (fingerprint)
);
INSERT INTO "changes" VALUES('ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff','c0',0,'acme','grant','a0',NULL,NULL,'p0@acme.test','group','g1','jira-users','{"groups": []}','{"groups": ["jira-users"]}','is in atl-jira','groups.map: atl-jira',NULL,0,1,0);
INSERT INTO "changes" VALUES('ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff','c1',1,'acme','grant','a1',NULL,NULL,'p1@acme.test','group','g1','jira-users','{"groups": []}','{"groups": ["jira-users"]}','is in atl-jira','groups.map: atl-jira',NULL,0,1,1);
CREATE TABLE intents (
	seq INTEGER NOT NULL, 
	run_id TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	change_id TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	settled BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_intents PRIMARY KEY (seq), 
	CONSTRAINT fk_intents_changes FOREIGN KEY(fingerprint, change_id) REFERENCES changes (fingerprint, change_id), 
	CONSTRAINT fk_intents_runs FOREIGN KEY(run_id) REFERENCES runs (run_id)
);
INSERT INTO "intents" VALUES(1,'20260301-123015-aaaa','ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff','c1','2026-03-01 12:30:15.123456',0);
CREATE TABLE leases (
	target TEXT NOT NULL, 
	run_id TEXT NOT NULL, 
	CONSTRAINT pk_leases PRIMARY KEY (target), 
	CONSTRAINT fk_leases_runs FOREIGN KEY(run_id) REFERENCES runs (run_id)
);
INSERT INTO "leases" VALUES('acme','20260301-123015-aaaa');
CREATE TABLE leavers (
	target TEXT NOT NULL, 
	account_id TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_leavers PRIMARY KEY (target, account_id)
);
INSERT INTO "leavers" VALUES('acme','a1','2026-03-01 12:30:15.123456');
CREATE TABLE ledger_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT ledger_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "ledger_version" VALUES('0001');
CREATE TABLE links (
	seq INTEGER NOT NULL, 
	target TEXT NOT NULL, 
	account_id TEXT NOT NULL, 
	source TEXT NOT NULL, 
	source_id TEXT NOT NULL, 
	rule TEXT NOT NULL, 
	linked_at DATETIME NOT NULL, 
	unlinked_at DATETIME, 
	CONSTRAINT pk_links PRIMARY KEY (seq)
);
INSERT INTO "links" VALUES(1,'acme','a0','okta','s0','email','2026-03-01 12:30:15.123456',NULL);
CREATE TABLE outcomes (
	seq INTEGER NOT NULL, 
	run_id TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	change_id TEXT NOT NULL, 
	status TEXT NOT NULL, 
	account_id TEXT, 
	message TEXT, 
	at DATETIME, 
	intended_by TEXT, 
	CONSTRAINT pk_outcomes PRIMARY KEY (seq), 
	CONSTRAINT fk_outcomes_changes FOREIGN KEY(fingerprint, change_id) REFERENCES changes (fingerprint, change_id), 
	CONSTRAINT fk_outcomes_runs FOREIGN KEY(run_id) REFERENCES runs (run_id)
);
INSERT INTO "outcomes" VALUES(1,'20260301-123015-aaaa','ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff','c1','applied','a1','message','2026-03-01 12:30:15.123456','intended_by');
CREATE TABLE owned (
	target TEXT NOT NULL, 
	account_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	entitlement_id TEXT NOT NULL, 
	how TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_owned PRIMARY KEY (target, account_id, kind, entitlement_id)
);
INSERT INTO "owned" VALUES('acme','a1','group','g1','granted','2026-03-01 12:30:15.123456');
CREATE TABLE planned (
	seq INTEGER NOT NULL, 
	run_id TEXT NOT NULL, 
	target TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	policy_fingerprint TEXT NOT NULL, 
	blocked_by JSON NOT NULL, 
	created DATETIME NOT NULL, 
	undoes TEXT, 
	CONSTRAINT pk_planned PRIMARY KEY (seq), 
	CONSTRAINT fk_planned_plans FOREIGN KEY(fingerprint) REFERENCES plans (fingerprint), 
	CONSTRAINT fk_planned_runs FOREIGN KEY(run_id) REFERENCES runs (run_id)
);
INSERT INTO "planned" VALUES(1,'20260301-123015-aaaa','acme','ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff','policy-1','["60 changes, limit 50"]','2026-03-01 12:30:15.123456',NULL);
CREATE TABLE plans (
	fingerprint TEXT NOT NULL, 
	size INTEGER NOT NULL, 
	CONSTRAINT pk_plans PRIMARY KEY (fingerprint)
);
INSERT INTO "plans" VALUES('ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',2);
CREATE TABLE policies (
	seq INTEGER NOT NULL, 
	target TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_policies PRIMARY KEY (seq)
);
INSERT INTO "policies" VALUES(1,'acme','policy-1','2026-03-01 12:30:15.123456');
CREATE TABLE runs (
	run_id TEXT NOT NULL, 
	flow TEXT NOT NULL, 
	started_at DATETIME NOT NULL, 
	alive_at DATETIME NOT NULL, 
	owner TEXT, 
	host TEXT, 
	pid INTEGER, 
	finished_at DATETIME, 
	verdict TEXT, 
	exit_code INTEGER, 
	policy TEXT NOT NULL, 
	config TEXT, 
	summary JSON, 
	CONSTRAINT pk_runs PRIMARY KEY (run_id)
);
INSERT INTO "runs" VALUES('20260301-123015-aaaa','sync','2026-03-01 12:30:15.123456','2026-03-01 12:30:15.123456','ada','host',1,'2026-03-01 12:30:15.123456','needs approval',3,'policy-1',NULL,'{"applied": 0}');
CREATE TABLE snapshots (
	seq INTEGER NOT NULL, 
	origin TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	taken_at DATETIME NOT NULL, 
	complete BOOLEAN NOT NULL, 
	whole_at DATETIME NOT NULL, 
	checkpoint TEXT, 
	options TEXT, 
	run_id TEXT, 
	sizes JSON NOT NULL, 
	measured JSON, 
	files JSON NOT NULL, 
	CONSTRAINT pk_snapshots PRIMARY KEY (seq), 
	CONSTRAINT fk_snapshots_runs FOREIGN KEY(run_id) REFERENCES runs (run_id)
);
INSERT INTO "snapshots" VALUES(1,'okta','4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945','2026-03-01 12:30:15.123456',1,'2026-03-01 12:30:15.123456',NULL,NULL,'20260301-123015-aaaa','{}','{"people": 2}','{}');
CREATE TABLE taken (
	target TEXT NOT NULL, 
	account_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	entitlement_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	rule TEXT NOT NULL, 
	CONSTRAINT pk_taken PRIMARY KEY (target, account_id, kind, entitlement_id)
);
INSERT INTO "taken" VALUES('acme','a1','group','g1','name','rule');
CREATE TABLE undone (
	target TEXT NOT NULL, 
	account_id TEXT NOT NULL, 
	rule TEXT NOT NULL, 
	action TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	run_id TEXT NOT NULL, 
	rule_digest TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_undone PRIMARY KEY (target, account_id, rule, action)
);
INSERT INTO "undone" VALUES('acme','a1','rule','grant','p1@acme.test','20260301-123015-aaaa','rule_digest','2026-03-01 12:30:15.123456');
CREATE INDEX ix_links_target_account_id ON links (target, account_id);
CREATE INDEX ix_policies_target ON policies (target);
CREATE INDEX ix_runs_started_at ON runs (started_at);
CREATE INDEX ix_approvals_fingerprint ON approvals (fingerprint);
CREATE INDEX ix_planned_fingerprint ON planned (fingerprint);
CREATE UNIQUE INDEX uq_planned_run_id_target_fingerprint ON planned (run_id, target, fingerprint);
CREATE INDEX ix_snapshots_digest ON snapshots (digest);
CREATE INDEX ix_snapshots_origin_complete_seq ON snapshots (origin, complete, seq);
CREATE UNIQUE INDEX uq_intents_unsettled ON intents (fingerprint, change_id) WHERE settled = 0;
CREATE INDEX ix_outcomes_fingerprint_change_id ON outcomes (fingerprint, change_id);
COMMIT;
