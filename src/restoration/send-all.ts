/**
 * Sends the planned files of a restoration one after the other: each is read and offered while the one before is on its way, and its bytes leave
 * while that is made durable and inserted there, so that a slow link is never idle. Never the bytes of two at once (turns.ts): a cut costs one fragment at most.
 *
 * Belongs here: the order of files and what becomes of each. Does not: one file on its way (send-file.ts, send-smb.ts), deleting (run-restoration.ts).
 */
import { openReturnFile } from '../archive/compose-return.ts';
import { isPresent } from '../archive/remove-segments.ts';
import { systemCodeOf, UnderstudyError } from '../core/errors.ts';
import type { ReturnFile } from '../wire/footage-protocol.ts';
import type { RunDeps } from './run-deps.ts';
import { sendFile } from './send-file.ts';
import type { SendDeps, SentFile } from './send-file.ts';
import { sendOverShare } from './send-smb.ts';
import type { StoredFile, StoredRestoration } from './transfer-store.ts';

/** Until something is tried again. `reason`: what an owner is told. */
export type Later = { readonly reason: string | undefined; readonly retryMs: number };
/** Between two looks for a volume that is not there. */
export const AWAY_MS = 5000;
/** The other side's last group grows, or our last segment is still open. */
export const SETTLE_MS = 1000;
/** These say that the file itself will never be taken. */
const REFUSALS: ReadonlySet<string> = new Set([
  'footage/refused',
  'footage/damaged',
  'footage/supersedes',
  'footage/no-camera',
]);

/** `isPart`: fragments that are not what was recorded were left out, and are nowhere but here. */
type Received = Extract<SentFile, { kind: 'received' }> & { readonly file: ReturnFile; readonly isPart: boolean };
type Sent = Received | Extract<SentFile, { kind: 'later' }> | { readonly kind: 'refused' };
const later = (reason: string): Sent => ({ kind: 'later', retryMs: SETTLE_MS, reason });

export type SendAllDeps = RunDeps & {
  /** After a file was received and that is stored. */
  readonly received: () => Promise<unknown>;
};

/** What must wait, if anything must. @throws what requests throw, and disks */
export async function sendAll(
  deps: SendAllDeps,
  { id, order }: StoredRestoration,
  signal: AbortSignal,
): Promise<Later | undefined> {
  const { serverId } = order;
  const inTurn: SendDeps['inTurn'] = async (work) => await deps.inTurn(serverId, signal, work);
  const send: SendDeps = { ...deps, serverId, signal, inTurn };
  let away: Later | undefined;
  // The one before, and the newest.
  let [before, current]: Promise<Later | undefined>[] = [];
  try {
    for (const file of deps.store.files(id)) {
      signal.throwIfAborted();
      if (file.state !== 'planned') continue;
      // A disk that is away may come back; what lies on the others does not wait for it.
      if (!(await isHere(deps, file))) {
        away = { retryMs: AWAY_MS, reason: awayOf(file) };
        continue;
      }
      current = sendOne(deps, send, order.transport, file).then(
        async (ended) => await record(deps, { id, order }, { file, ended }),
      );
      // It is seen in the next turn, or at the end, and is not unhandled until then.
      current.catch(() => undefined);
      const problem = await before;
      if (problem !== undefined) return problem;
      before = current;
    }
    return (await before) ?? away;
  } finally {
    await Promise.allSettled([before, current]);
  }
}

type Ended = { readonly file: StoredFile; readonly ended: Sent };
async function record(
  deps: SendAllDeps,
  { id, order }: Pick<StoredRestoration, 'id' | 'order'>,
  { file, ended }: Ended,
): Promise<Later | undefined> {
  if (ended.kind === 'later') return ended;
  if (ended.kind === 'refused') {
    deps.store.putFile({ ...file, state: 'refused' });
    return undefined;
  }
  const { receipt, receiptKey, isPart, file: home } = ended;
  deps.store.putFile({ ...file, state: 'received', receipt, receiptKey, sha256: home.sha256, isPart });
  deps.publish({ kind: 'file-received', id, serverId: order.serverId, receipt, file: home });
  await deps.received();
  return undefined;
}

export const awayOf = ({ volumeId }: Pick<StoredFile, 'volumeId'>): string => `Volume ${volumeId} is not here now.`;
async function isHere({ volumes }: RunDeps, { volumeId }: StoredFile): Promise<boolean> {
  const volume = volumes().find(({ id }) => id === volumeId);
  return volume !== undefined && (await isPresent(volume));
}

async function sendOne(deps: RunDeps, send: SendDeps, transport: 'direct' | 'smb', stored: StoredFile): Promise<Sent> {
  const { id, volumeId, path, runs, note } = stored;
  const file = deps.fileOf({ volumeId, path });
  if (file === undefined) return later(awayOf(stored));
  const composed = await openReturnFile({ path: file, runs, note }).catch(unreadable);
  // It may have gone in the middle of this.
  if (composed === undefined) return (await isHere(deps, stored)) ? { kind: 'refused' } : later(awayOf(stored));
  if (composed.damaged.length > 0)
    deps.log.warn('fragments of covered footage are damaged and stay', { id, path, fragments: composed.damaged });
  try {
    const more = { isPart: composed.damaged.length > 0, file: composed.file };
    if (transport === 'direct') return { ...(await sendFile(send, composed)), ...more };
    const opened = await deps.openShare(send.serverId, send.signal);
    try {
      return { ...(await sendOverShare(send, composed, opened)), ...more };
    } finally {
      await opened.share.close();
    }
  } catch (error) {
    if (!(error instanceof UnderstudyError) || !REFUSALS.has(error.code)) throw error;
    deps.log.error('a returned file was refused', { id, code: error.code, reason: error.message });
    return { kind: 'refused' };
  } finally {
    await composed.close();
  }
}

/** Gone, or its start is broken. */
function unreadable(error: unknown): undefined {
  const isBroken = error instanceof UnderstudyError && error.kind === 'corrupt';
  if (!isBroken && systemCodeOf(error) !== 'ENOENT') throw error;
  return undefined;
}
