/**
 * Owns the texts of the profile and the baseline that `init` writes: every key with its default and a line on what it is.
 * Refuses to write files. That the texts are true is held by tests: our own loader reads them as they are written, and
 * with every setting that stands behind a # put in force.
 */

/** A profile whose values are the defaults, but for the tokens. */
export const PROFILE_TEXT = `# What zeke-sync has to know of your target; every key is explained in docs/conformance.md of zeke-sync.
# Values are the defaults. A # right before a setting switches it off: take it away to say otherwise.
# \${NAME} is put in from the environment, and is hidden wherever a request is shown.

target:
  # Where it is. An address on the command line stands above this one.
#  baseUrl: https://staging.example.com
  # Paths that it has under another name than the protocol's.
#  paths:
#    contacts: /api/contacts
#    tasks: /api/tasks
#    lists: /api/lists
#    capabilities: /api/sync/capabilities
#    events: /api/sync/events
#    changes: /api/sync/changes
#    batch: /api/sync/batch
#    register: /api/push/register
#    topics: /api/push/topics
#    webhook: /api/webhooks/zeke
  # Sent with every request, such as x-tenant: qa; their values are never shown.
  headers: {}

# Two accounts of your target that nobody else uses, for the rules of isolation: bearer tokens.
accounts:
  - name: a
    token: "\${ZEKE_TOKEN_A}"
  - name: b
    token: "\${ZEKE_TOKEN_B}"

# What your target does with each entity, where it does not declare it: server_authoritative, last_writer_wins or
# additive_merge. A collection is its name in paths; a tag is a note for people.
#entities:
#  contact:
#    collection: contacts
#    strategy: server_authoritative
#    tag: people of the address book
#  task:
#    collection: tasks
#    strategy: last_writer_wins
#  list:
#    collection: lists
#    strategy: additive_merge

# The phases that are built, whatever capabilities declare; without this, those that they declare.
#phases: [1, 2, 3, 4, 5]

revisions:
  # What a revision looks like.
  pattern: '^rev_\\d{10}_[0-9a-z]{6,}$'
  # ascii: sorted as text they are in commit order; opaque: they are only compared for equality.
  order: ascii

limits:
  # A second; without this 50, and 1000 for a target on the same machine.
#  requestsPerSecond: 50
  # On their way at once.
  concurrency: 8
  # In a whole run, the clean-up included; a run at the usual effort needs fewer than 3000.
  requestsMax: 20000
  # A request that is not answered within this may or may not have had its effect.
  timeoutSeconds: 10

# A port of this machine where the target's calls to Expo are to go; without it, the rules of push are not exercised.
#push:
#  sinkPort: 8089

# What webhooks are signed with, and how they name both accounts; without it, their rules are not exercised.
#webhooks:
#  secret: "\${ZEKE_WEBHOOK_SECRET}"
#  accounts: [a, b]

# A revision that the target is known to have pruned; without it, rules below the floor are run by waiting for one.
#expiredRevision: rev_0000000001_000000

# A further token of the first account that ends while the run goes on, and when: RFC 3339, or epoch seconds as in a JWT.
# Without it, sockets whose token expires (SEC-5) are not judged; --wait must be as long as it still lives.
#expiring:
#  token: "\${ZEKE_TOKEN_SHORT}"
#  at: "\${ZEKE_TOKEN_SHORT_END}"

# Members of capabilities that the target does not tell, or not truly, such as conflicts: { mode: enforce }.
capabilities: {}
`;

/** A baseline with nothing on it. */
export const BASELINE_TEXT = `# Rules that are known to be violated. A listed rule that is violated is told, and fails nothing; one that is satisfied,
# whose day is over, or that does not exist fails the run: so this list only gets shorter.

#CON-4:
#  reason: deletes go through the old path
#  owner: backend
#  until: 2030-12-31
`;
