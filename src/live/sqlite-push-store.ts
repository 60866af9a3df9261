/**
 * Owns push registrations and what is on its way, on disk, within the turn's transaction.
 * Refuses to know when anything is due. Tokens and tickets come from outside and are kept as JSON texts, in which
 * whatever they hold has one form.
 */

import type { Database, Statement } from "better-sqlite3";
import type { EpochMs } from "../base/time.ts";
import type { Entity } from "../protocol/entity.ts";
import type { AccountId, DeviceId } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";
import type { PendingPush, PendingReceipt, PushStore, Registration } from "../proxy/push-store.ts";
import { Recent } from "./sqlite-recent.ts";
import { entityOfNumber, numberOfEntity } from "./sqlite-rows.ts";

/** Accounts whose registrations are kept in memory: every commit asks for them. */
const ACCOUNTS_REMEMBERED_MAX = 10_000;

type RegistrationRow = readonly [
  account: AccountId,
  deviceId: DeviceId,
  token: string,
  platform: Registration["platform"],
  topics: string,
  registeredAtMs: number,
];
type PendingRow = readonly [
  account: AccountId,
  deviceId: DeviceId,
  entity: number,
  revision: Revision,
  attempts: number,
];
type ReceiptRow = readonly [ticket: string, token: string, sentAtMs: number, attempts: number];

const PENDING = "SELECT account, device, entity, revision, attempts FROM pending";

export class SqlitePushStore implements PushStore {
  private readonly begin: () => void;
  private readonly byAccount = new Recent<readonly Registration[]>(ACCOUNTS_REMEMBERED_MAX);
  private readonly find: Statement<[string], RegistrationRow>;
  private readonly insert: Statement<[string, string, string, string, string, number]>;
  private readonly leave: Statement<[string, string, string], readonly [AccountId]>;
  private readonly end: Statement<[string, number], readonly [AccountId]>;
  private readonly delete: Statement<[string, string]>;
  private readonly upsertPending: Statement<[string, string, number, string, number]>;
  private readonly findPending: Statement<[string, string, number], PendingRow>;
  private readonly deletePending: Statement<[string, string, number]>;
  private readonly listPending: Statement<[], PendingRow>;
  private readonly upsertReceipt: Statement<[string, string, number, number]>;
  private readonly deleteReceipt: Statement<[string]>;
  private readonly listReceipts: Statement<[], ReceiptRow>;

  /** `begin` opens the turn's transaction; it is called before every write. */
  constructor(db: Database, begin: () => void) {
    this.begin = begin;
    const rows = <Params extends unknown[], Row>(sql: string): Statement<Params, Row> =>
      db.prepare<Params, Row>(sql).raw();
    this.find = rows(
      "SELECT account, device, token, platform, topics, registered_at_ms FROM registrations WHERE account = ? ORDER BY place",
    );
    this.insert = db.prepare(
      "INSERT INTO registrations (account, device, token, platform, topics, registered_at_ms) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.leave = rows(
      "DELETE FROM registrations WHERE token = ? OR (account = ? AND device = ?) RETURNING account",
    );
    this.end = rows("DELETE FROM registrations WHERE token = ? AND registered_at_ms <= ? RETURNING account");
    this.delete = db.prepare("DELETE FROM registrations WHERE account = ? AND device = ?");
    // What is replaced keeps its place in the order.
    this.upsertPending = db.prepare(
      "INSERT INTO pending (account, device, entity, revision, attempts) VALUES (?, ?, ?, ?, ?) " +
        "ON CONFLICT (account, device, entity) DO UPDATE SET revision = excluded.revision, attempts = excluded.attempts",
    );
    this.findPending = rows(`${PENDING} WHERE account = ? AND device = ? AND entity = ?`);
    this.deletePending = db.prepare("DELETE FROM pending WHERE account = ? AND device = ? AND entity = ?");
    this.listPending = rows(`${PENDING} ORDER BY place`);
    this.upsertReceipt = db.prepare(
      "INSERT INTO receipts (ticket, token, sent_at_ms, attempts) VALUES (?, ?, ?, ?) " +
        "ON CONFLICT (ticket) DO UPDATE SET token = excluded.token, sent_at_ms = excluded.sent_at_ms, attempts = excluded.attempts",
    );
    this.deleteReceipt = db.prepare("DELETE FROM receipts WHERE ticket = ?");
    this.listReceipts = rows("SELECT ticket, token, sent_at_ms, attempts FROM receipts ORDER BY place");
  }

  register(registration: Registration): void {
    const { account, deviceId, token, platform, topics, registeredAtMs } = registration;
    const tokenText = JSON.stringify(token);
    this.begin();
    for (const [former] of this.leave.all(tokenText, account, deviceId)) this.byAccount.delete(former);
    this.insert.run(account, deviceId, tokenText, platform, JSON.stringify(topics), registeredAtMs);
    this.byAccount.delete(account);
  }

  registration(account: AccountId, deviceId: DeviceId): Registration | undefined {
    return this.registrations(account).find((registration) => registration.deviceId === deviceId);
  }

  registrations(account: AccountId): readonly Registration[] {
    let known = this.byAccount.get(account);
    if (known === undefined) {
      known = this.find.all(account).map(registrationOf);
      this.byAccount.set(account, known);
    }
    return known;
  }

  unregister(account: AccountId, deviceId: DeviceId): void {
    if (this.registration(account, deviceId) === undefined) return;
    this.begin();
    this.delete.run(account, deviceId);
    this.byAccount.delete(account);
  }

  endToken(token: string, sentAtMs: EpochMs): void {
    this.begin();
    for (const [account] of this.end.all(JSON.stringify(token), sentAtMs)) this.byAccount.delete(account);
  }

  putPending(pending: PendingPush): void {
    const { account, deviceId, entity, revision, attempts } = pending;
    this.begin();
    this.upsertPending.run(account, deviceId, numberOfEntity(entity), revision, attempts);
  }

  pending(account: AccountId, deviceId: DeviceId, entity: Entity): PendingPush | undefined {
    const row = this.findPending.get(account, deviceId, numberOfEntity(entity));
    return row && pendingOf(row);
  }

  dropPending(account: AccountId, deviceId: DeviceId, entity: Entity): void {
    this.begin();
    this.deletePending.run(account, deviceId, numberOfEntity(entity));
  }

  allPending(): readonly PendingPush[] {
    return this.listPending.all().map(pendingOf);
  }

  putReceipt(receipt: PendingReceipt): void {
    const { ticket, token, sentAtMs, attempts } = receipt;
    this.begin();
    this.upsertReceipt.run(JSON.stringify(ticket), JSON.stringify(token), sentAtMs, attempts);
  }

  dropReceipt(ticket: string): void {
    this.begin();
    this.deleteReceipt.run(JSON.stringify(ticket));
  }

  allReceipts(): readonly PendingReceipt[] {
    return this.listReceipts.all().map(receiptOf);
  }

  /** What is kept in memory may no longer be what is stored. */
  forget(): void {
    this.byAccount.clear();
  }
}

function registrationOf(row: RegistrationRow): Registration {
  const [account, deviceId, token, platform, topics, registeredAtMs] = row;
  return {
    account,
    deviceId,
    token: JSON.parse(token) as string,
    platform,
    topics: JSON.parse(topics) as readonly Entity[],
    registeredAtMs,
  };
}

function pendingOf([account, deviceId, entity, revision, attempts]: PendingRow): PendingPush {
  return { account, deviceId, entity: entityOfNumber(entity), revision, attempts };
}

function receiptOf([ticket, token, sentAtMs, attempts]: ReceiptRow): PendingReceipt {
  return { ticket: JSON.parse(ticket) as string, token: JSON.parse(token) as string, sentAtMs, attempts };
}
