/**
 * Another server is updated from here: the release is sent, installed, and waited for until that server is back, runs it and has shown
 * that it works (docs/design/updates.md).
 *
 * Belongs here: the steps with one server, whoever asks it and how (server-updates.ts, adding-api.ts).
 */
import { open } from 'node:fs/promises';
import { z } from 'zod';
import type { ServerUpdate } from '../api/contract/updates.ts';
import type { Clock } from '../core/clock.ts';
import { UnderstudyError } from '../core/errors.ts';
import { durationMs } from '../core/units.ts';
import { MAX_PART_BYTES } from '../site/release-limits.ts';
import type { OpenRelease } from '../updates/release-reader.ts';

export type RemoteUpdate = {
  readonly name: string;
  readonly found: OpenRelease;
  /** Below `/api/v1` there, as an owner. @throws what it answers, with its code and words */
  readonly ask: (method: string, path: string, json?: object) => Promise<unknown>;
  /** False: it need not be asked now. */
  readonly isReachable: () => boolean;
  readonly show: (to: Shown) => void;
  /** Somebody does not want it any more; looked at before it begins to install. */
  readonly isBrokenOff: () => boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};
export type Shown = {
  readonly phase: ServerUpdate['phase'];
  readonly sentBytes?: number;
  readonly problem?: string | undefined;
};

const LOOK_MS = 1000;
/** A failover server gives back what it recorded while the server before it was updated. */
const COVERING_WITHIN_MS = 1_800_000;
const COVERING_LOOK_MS = 2000;
/** Unpacking on a slow disk, the hand-over before the stop, the start and the trial. */
const BACK_WITHIN_MS = 600_000;

/** What is read of the answers of that server, which may be of another release. */
const seenSchema = z.looseObject({
  version: z.string().max(64),
  unable: z.string().max(2000).optional(),
  releases: z.array(z.looseObject({ version: z.string().max(64) })).max(64),
  installing: z.looseObject({ phase: z.enum(['unpacking', 'restarting']) }).optional(),
  trial: z.looseObject({}).optional(),
  last: z
    .looseObject({ to: z.string(), at: z.string(), result: z.string(), reason: z.string().max(2000).optional() })
    .optional(),
});
type Seen = z.infer<typeof seenSchema>;
const receivedSchema = z.looseObject({ received: z.number().int().min(1) });

/** True when it runs the release and has shown that it works; false: broken off before that. @throws in the words of that server */
export async function updateRemote(remote: RemoteUpdate): Promise<boolean> {
  const { found, show } = remote;
  const { version } = found.release;
  const before = await viewOf(remote);
  if (before.version === version && before.trial === undefined) return true;
  if (before.unable !== undefined) throw new UnderstudyError('unsupported', 'updates/unable', before.unable);
  if (!before.releases.some((one) => one.version === version)) await send(remote);
  show({ phase: 'unpacking', sentBytes: found.bytes });
  if (!(await begins(remote))) return false;
  await comesBack(remote, before.last?.at);
  return true;
}

/** @throws updates/unable: what is older has no such route. */
async function viewOf({ ask, name }: RemoteUpdate): Promise<Seen> {
  try {
    return seenSchema.parse(await ask('GET', '/updates'));
  } catch (error) {
    if (!(error instanceof UnderstudyError) || codeOf(error) !== 'http/not-found') throw error;
    const message = `${name} runs a release that cannot be updated from here: install this one there by its package.`;
    throw new UnderstudyError('unsupported', 'updates/unable', message, { cause: error });
  }
}

/** A plain connection puts the code of the other side beside its own. */
const codeOf = ({ code, context }: UnderstudyError): unknown => (code === 'api/refused' ? context['code'] : code);

async function send({ found, ask, signal, show, name }: RemoteUpdate): Promise<void> {
  const file = await open(found.path, 'r');
  try {
    const buffer = Buffer.alloc(MAX_PART_BYTES);
    for (let at = 0; at < found.bytes;) {
      signal.throwIfAborted();
      show({ phase: 'sending', sentBytes: at });
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      const part = buffer.subarray(0, bytesRead).toString('base64');
      const answer = await ask('PUT', '/updates/upload', { bytes: found.bytes, at, part });
      at += bytesRead;
      if (bytesRead === 0 || receivedSchema.parse(answer).received !== at)
        throw new UnderstudyError('protocol', 'updates/part', `${name} did not take the release as it was sent.`);
    }
  } finally {
    await file.close();
  }
}

/** Waits while it covers, or still has footage of another server. False: broken off. */
async function begins({ found, ask, signal, show, isBrokenOff, clock }: RemoteUpdate): Promise<boolean> {
  const until = clock.monotonic() + COVERING_WITHIN_MS;
  for (;;) {
    try {
      await ask('POST', '/updates/install', { version: found.release.version });
      show({ phase: 'unpacking', problem: undefined });
      return true;
    } catch (error) {
      const covers = error instanceof UnderstudyError && codeOf(error) === 'failover/covering';
      if (!covers || clock.monotonic() > until) throw error;
      show({ phase: 'waiting', problem: error.message });
    }
    await clock.sleep(durationMs(COVERING_LOOK_MS), signal);
    signal.throwIfAborted();
    if (isBrokenOff()) return false;
  }
}

/** `lastAt`: when an update before this one ended. @throws updates/failed */
async function comesBack(remote: RemoteUpdate, lastAt: string | undefined): Promise<void> {
  const { found, signal, name, clock, isReachable, show } = remote;
  const { version } = found.release;
  const until = clock.monotonic() + BACK_WITHIN_MS;
  while (clock.monotonic() < until) {
    await clock.sleep(durationMs(LOOK_MS), signal);
    signal.throwIfAborted();
    const seen = isReachable() ? await viewOf(remote).catch(() => undefined) : undefined;
    const stand = seen === undefined ? 'restarting' : standOf(seen, version, lastAt);
    if (stand === 'done') return;
    show({ phase: stand });
  }
  const message = `${name} did not come back with release ${version} within ${BACK_WITHIN_MS / 60_000} minutes.`;
  throw new UnderstudyError('unavailable', 'updates/failed', message);
}

/** @throws updates/failed */
function standOf(now: Seen, version: string, lastAt: string | undefined): ServerUpdate['phase'] {
  const { last, installing, trial } = now;
  if (last !== undefined && last.at !== lastAt && last.to === version && last.result === 'rolled-back')
    throw new UnderstudyError('unavailable', 'updates/failed', last.reason ?? 'It did not work.');
  if (installing !== undefined) return installing.phase;
  if (trial !== undefined) return 'restarting';
  if (now.version === version) return 'done';
  // It was asked, and neither does it nor says why: its service was ended in the middle.
  throw new UnderstudyError('unavailable', 'updates/failed', `It runs ${now.version} again, and did not finish.`);
}
