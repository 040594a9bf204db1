/**
 * Letting a server in that was authorized or paired: stored, connected, completed, backed up; if any of that fails it is as it was before.
 * Does not: who may come in (authorization.ts), what its record is (server-records.ts).
 */
import type { Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import { managerOf } from '../site/membership.ts';
import type { PeerRecord } from '../site/peer.ts';
import { refuseSecondManager } from './authorization.ts';
import type { RemoteApi } from './authorization.ts';
import { rebased } from './server-records.ts';
import type { ServerRecords } from './server-records.ts';

export type AdmittingDeps = {
  readonly network: {
    readonly isConnected: (peerId: string) => boolean;
    /** `peer.forget`: the other side shall forget this one. */
    readonly sayForget: (peerId: string) => Promise<void>;
  };
  /** A protected server was authorized: its first backup, which is required, and whether it can be protected at all. */
  readonly firstBackup: (serverId: string) => Promise<void>;
  readonly clock: Clock;
};
export type AddMore = {
  /** What belongs to adding it, once it is connected; if it fails nothing stays on either side. */
  readonly complete?: (record: PeerRecord) => Promise<void>;
  /** Its API, where somebody signed in already. */
  readonly api?: RemoteApi;
};

const CONNECT_WITHIN_MS = 10_000;
const POLL_MS = 50;

const beingAdded = ({ name }: PeerRecord): UnderstudyError =>
  new UnderstudyError('conflict', 'server/known', `${name} is being added by somebody else at this moment.`);

/**
 * Connected and, if protected, backed up; else nothing of it stays on either side. What was trusted before is trusted still: a
 * second authorization that fails must not cost backups, covers and the trust of the first.
 */
export async function admit(
  deps: AdmittingDeps,
  records: ServerRecords,
  record: PeerRecord,
  more: Admitting,
): Promise<void> {
  const { underway } = records;
  if (underway.has(record.id)) throw beingAdded(record);
  underway.add(record.id);
  await admitOnce(deps, records, record, more).finally(() => underway.delete(record.id));
}

export type Admitting = Pick<AddMore, 'complete'> & {
  /** From which the record was made. */
  readonly before: PeerRecord | undefined;
  /** Its record is there already. */
  readonly stored?: Stored | undefined;
};
export type Stored = {
  /** What was there and is trusted still; undefined: it is new. */
  readonly stood: PeerRecord | undefined;
  readonly written: PeerRecord;
};

/** That it is to leave is taken back by a person who says so (detaching.ts), and not by the way. */
const withWish = (record: PeerRecord, { detachPending }: PeerRecord): PeerRecord =>
  detachPending === undefined ? record : { ...record, detachPending };

/** Its record, before it is connected: of a server that was killed meanwhile it says what was being done. */
export async function store(
  { write }: ServerRecords,
  record: PeerRecord,
  before: PeerRecord | undefined,
): Promise<Stored> {
  let stored: Stored = { stood: undefined, written: record };
  await write(record.id, (now, all) => {
    if (record.managesUs) refuseSecondManager(all, record.id);
    // Joining: left over from a server that was killed while it added this one, nobody was told that it is added.
    const isKnown = before !== undefined && before.joining === undefined && now !== undefined;
    const written = isKnown
      ? rebased(withWish(record, before), { base: before, now })
      : { ...record, joining: { name: record.name } };
    stored = { stood: isKnown ? now : undefined, written };
    return written;
  });
  return stored;
}

async function admitOnce(
  deps: AdmittingDeps,
  records: ServerRecords,
  record: PeerRecord,
  { before, complete, stored }: Admitting,
): Promise<void> {
  const { stood, written } = stored ?? (await store(records, record, before));
  let isReached = false;
  try {
    await connected(deps, record);
    isReached = true;
    await complete?.(record);
    if (record.watched) await deps.firstBackup(record.id);
    if (stood === undefined) await added(records, record);
  } catch (error) {
    // Removed, or authorized anew, while it was waited for: that is what counts.
    if (records.known(record.id)?.fingerprint !== record.fingerprint) throw error;
    if (stood === undefined) await takeBack(deps, records, { record, isReached });
    else await records.write(record.id, (now, all) => now && takenBack(stood, { base: written, now, all }));
    throw error;
  }
}

type Since = { readonly base: PeerRecord; readonly now: PeerRecord; readonly all: readonly PeerRecord[] };
/** As it was, with what others changed since; but by which key it signs receipts nobody has vouched for. */
function takenBack(stood: PeerRecord, since: Since): PeerRecord {
  const { receiptKey = since.now.receiptKey } = stood;
  const before = { ...rebased(stood, since), ...(receiptKey === undefined ? {} : { receiptKey }) };
  // Another host has come meanwhile.
  const manager = managerOf(since.all.filter(({ id }) => id !== stood.id));
  return manager === undefined ? before : { ...before, managesUs: false };
}

async function added({ write }: ServerRecords, { id }: PeerRecord): Promise<void> {
  await write(id, (now) => {
    const { joining: _joining, ...record } = now ?? {};
    return 'id' in record ? record : undefined;
  });
}

type Reached = { readonly record: PeerRecord; readonly isReached: boolean };
/** One that was never reached forgets by itself; one that was, and is gone now, is told when it returns (joining.ts). */
async function takeBack(
  { network }: AdmittingDeps,
  { drop }: ServerRecords,
  { record, isReached }: Reached,
): Promise<void> {
  const isTold = await network.sayForget(record.id).then(
    () => true,
    () => false,
  );
  if (isTold || !isReached) await drop(record.id);
}

async function connected({ network, clock }: AdmittingDeps, { id, name }: PeerRecord): Promise<void> {
  const until = clock.monotonic() + CONNECT_WITHIN_MS;
  while (!network.isConnected(id)) {
    if (clock.monotonic() > until) {
      const message = `${name} accepted this server, but no connection to its peer port came about: is it open in the firewall?`;
      throw new UnderstudyError('unavailable', 'server/peer-port', message);
    }
    await clock.sleep(durationMs(POLL_MS));
  }
}
