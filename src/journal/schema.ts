/** The journal file's tables. A change is a new entry at the end, never an edit. */

export const migrations: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE owner (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    host TEXT NOT NULL, boot TEXT NOT NULL, pid INTEGER NOT NULL, born TEXT NOT NULL,
    beat INTEGER NOT NULL,
    fenced INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE run (
    number INTEGER PRIMARY KEY,
    loop TEXT NOT NULL, version TEXT NOT NULL, item TEXT NOT NULL, content TEXT NOT NULL,
    input TEXT NOT NULL,
    status TEXT NOT NULL,
    owner INTEGER,
    started INTEGER NOT NULL,
    wakes INTEGER,
    outcome TEXT
  );
  CREATE UNIQUE INDEX run_identity ON run (loop, item, content, version);
  CREATE INDEX run_owner ON run (owner) WHERE owner IS NOT NULL;
  CREATE INDEX run_waiting ON run (number) WHERE status = 'waiting';
  CREATE TABLE event (seq INTEGER PRIMARY KEY, run INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE INDEX event_run ON event (run);
  CREATE TABLE recall (key TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE note (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE batch_row (
    batch TEXT NOT NULL, position INTEGER NOT NULL, line INTEGER NOT NULL,
    item TEXT, run INTEGER, reason TEXT,
    PRIMARY KEY (batch, position)
  ) WITHOUT ROWID;
  `,
  "CREATE INDEX run_sleeping ON run (number) WHERE status = 'sleeping';",
  // By number, so that the oldest are found without a column for their age.
  "CREATE TABLE vector (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value BLOB NOT NULL);",
  // `seq` orders labels by when they were answered: an audit's answer may come long after it was set aside.
  `
  CREATE TABLE label (
    number INTEGER PRIMARY KEY, seq INTEGER UNIQUE,
    question TEXT NOT NULL, version TEXT NOT NULL, cluster TEXT NOT NULL, about TEXT NOT NULL,
    sample TEXT NOT NULL, propensity REAL, key TEXT, stood TEXT, decision TEXT UNIQUE, made INTEGER NOT NULL,
    value TEXT, source TEXT, by TEXT, at INTEGER
  );
  CREATE INDEX label_answered ON label (question, version, seq) WHERE seq IS NOT NULL;
  -- Duplicates are one item: a burst of the same text is one label, and one audit.
  CREATE UNIQUE INDEX label_once ON label (question, version, cluster, sample, coalesce(key, ''));
  CREATE INDEX label_number ON label (question, version, number);
  CREATE INDEX label_audit ON label (question) WHERE seq IS NULL AND sample = 'audit';
  CREATE TABLE policy (number INTEGER PRIMARY KEY, question TEXT NOT NULL, body TEXT NOT NULL);
  CREATE INDEX policy_question ON policy (question);
  CREATE TABLE weights (digest TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
  `,
  // A reply has a number of its own: those that are let go are found by counting back, whatever else was called.
  `
  CREATE TABLE paid_call (
    number INTEGER PRIMARY KEY,
    run TEXT NOT NULL, path TEXT NOT NULL, rung TEXT NOT NULL, attempt INTEGER NOT NULL,
    host TEXT NOT NULL, model TEXT NOT NULL, content TEXT NOT NULL, most REAL,
    state TEXT NOT NULL, again INTEGER NOT NULL, maybe_paid INTEGER NOT NULL DEFAULT 0, served_by INTEGER,
    input_tokens INTEGER, output_tokens INTEGER, milliseconds REAL, cost REAL,
    began INTEGER NOT NULL, ended INTEGER
  );
  CREATE INDEX paid_call_step ON paid_call (run, path, rung, attempt);
  CREATE TABLE paid_reply (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    content TEXT NOT NULL UNIQUE, call INTEGER NOT NULL, reply TEXT NOT NULL, at INTEGER NOT NULL
  );
  `,
  // `call`: the paid call that is open while it is with the provider.
  `
  CREATE TABLE deferred (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    run TEXT NOT NULL, path TEXT NOT NULL, rung TEXT NOT NULL, attempt INTEGER NOT NULL,
    host TEXT NOT NULL, model TEXT NOT NULL, content TEXT NOT NULL, most REAL,
    target TEXT NOT NULL, body TEXT NOT NULL,
    state TEXT NOT NULL, batch INTEGER, call INTEGER, reply TEXT, reason TEXT
  );
  CREATE INDEX deferred_step ON deferred (run, path, rung);
  CREATE INDEX deferred_state ON deferred (rung, state, number);
  CREATE INDEX deferred_batch ON deferred (batch) WHERE batch IS NOT NULL;
  CREATE TABLE deferred_group (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, rung TEXT NOT NULL, host TEXT NOT NULL,
    state TEXT NOT NULL, provider_id TEXT, size INTEGER NOT NULL, made INTEGER NOT NULL, sender TEXT NOT NULL, note TEXT
  );
  `,
];
