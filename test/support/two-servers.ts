/**
 * A covering server and a protected one, each with a data folder, a volume and a catalogue of its own; between them a request function that can
 * be cut, delayed in its answer, or made to carry something else.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { openCatalogue } from '../../src/archive/catalogue.ts';
import type { Catalogue } from '../../src/archive/catalogue-types.ts';
import { createDiskReader } from '../../src/archive/disk-reader.ts';
import { createGroupReader } from '../../src/archive/footage-groups.ts';
import { createGroupProver } from '../../src/archive/prove-groups.ts';
import { reconcileVolume, storeScanned } from '../../src/archive/rebuild.ts';
import { createReturnInbox } from '../../src/archive/return-inbox.ts';
import type { InboxDeps, ReturnInbox } from '../../src/archive/return-inbox.ts';
import { createSigningKey } from '../../src/archive/signing-key.ts';
import type { SigningKey } from '../../src/archive/signing-key.ts';
import { adoptVolume } from '../../src/archive/volume.ts';
import { LOOK_WITHIN_MS } from '../../src/archive/volume-looks.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Clock } from '../../src/core/clock.ts';
import { durationMs } from '../../src/core/units.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import { createSequence } from '../../src/recorder/run-counter.ts';
import type { PeerCaller, PeerHandler, PeerReply, PeerRequestOptions } from '../../src/peer/network-types.ts';
import { createFootageHandlers } from '../../src/restoration/footage-handlers.ts';
import type { AccountGap, FootageHandlers } from '../../src/restoration/footage-handlers.ts';
import { startRestoration } from '../../src/restoration/restoration.ts';
import type { Restoration, RestorationDeps, RestorationEvent } from '../../src/restoration/restoration-types.ts';
import { CAMERA, recordCamera, START_MS } from './covered-camera.ts';
import type { CameraScript } from './covered-camera.ts';
import { tempDir } from './temp-dir.ts';

export const F_ID = 'f0000000-0000-4000-8000-00000000000f';
export const R_ID = 'a0000000-0000-4000-8000-00000000000a';
export const KEY = { cameraId: CAMERA, stream: 'main' as const };
/** Pauses between attempts are cut short. */
const HASTY: Clock = {
  ...systemClock,
  sleep: async (duration, signal) => {
    // A deadline is nobody's wait.
    const ms = duration === LOOK_WITHIN_MS ? duration : Math.min(duration, 2);
    await systemClock.sleep(durationMs(ms), signal);
  },
};
export const ALL = { start: 0, end: 2 ** 45 };

export type Box = {
  readonly id: string;
  readonly data: string;
  readonly root: string;
  readonly volumeId: string;
  catalogue: Catalogue;
  readonly record: (script: Partial<CameraScript>) => Promise<readonly string[]>;
  readonly reconcile: () => Promise<void>;
};

/** Where a server keeps its data and its footage. */
export type BoxPlace = { readonly data: string; readonly root: string };

export async function makeBox(
  t: Pick<ExecutionContext, 'teardown'>,
  id: string,
  place: Partial<BoxPlace> = {},
): Promise<Box> {
  const data = place.data ?? (await tempDir(t, 'data'));
  const volume = place.root ?? (await tempDir(t, 'volume'));
  const adopted = await adoptVolume(volume, { serverId: id, clock: systemClock, takeOver: true });
  const volumeId = 'marker' in adopted ? adopted.marker.id : '';
  const sequence = createSequence(id === F_ID ? 1_000_000 : 0);
  const box: Box = {
    id,
    data,
    root: volume,
    volumeId,
    catalogue: openCatalogue(data, systemClock.now()),
    record: async (script) =>
      await recordCamera({ root: volume, serverId: id, epoch: 1, sequence, sessions: [], ...script }),
    reconcile: async () => {
      const signal = new AbortController().signal;
      const deps = { catalogue: box.catalogue, clock: systemClock, signal, isBeingWritten: () => false };
      await reconcileVolume(deps, { id: volumeId, path: volume });
    },
  };
  t.teardown(() => box.catalogue.close());
  return box;
}

export type Call = { readonly method: string; readonly params: unknown; readonly attachment: Uint8Array | undefined };
/** What becomes of a call: carried out or not, its answer lost or not, its bytes changed. */
export type Fate = {
  readonly reaches: boolean;
  /** Asked when the answer is there. */
  readonly answers: () => boolean;
  readonly attachment?: Uint8Array | undefined;
};
export const FINE: Fate = { reaches: true, answers: () => true };

export type TwoServers = {
  readonly f: Box;
  readonly r: Box;
  readonly key: SigningKey;
  readonly events: RestorationEvent[];
  readonly calls: Call[];
  readonly gaps: AccountGap[];
  /** Paths that the protected one found damaged, and booked. */
  readonly damaged: string[];
  /** Asked for each call. */
  fate: (call: Call) => Fate;
  readonly inbox: () => ReturnInbox;
  readonly handlers: () => FootageHandlers;
  /** Beside those of footage. */
  readonly more: Record<string, PeerHandler>;
  readonly restoration: () => Restoration;
  /** The process of the protected server dies and comes back. */
  readonly restartR: (meanwhile?: () => Promise<void>) => Promise<void>;
  readonly restartF: () => Promise<void>;
};

export type TwoServersOptions = {
  readonly inbox?: Partial<InboxDeps>;
  readonly restoration?: Partial<RestorationDeps>;
  /** Added to times of F to have those of R. */
  readonly clockOffsetMs?: number;
  readonly sharedRoot?: string;
  /** Not folders of their own: on disks of a test, or as they were left there. */
  readonly places?: { readonly f: BoxPlace; readonly r: BoxPlace };
  /** By which R signs; a new one unless given. */
  readonly key?: SigningKey;
};

export async function twoServers(
  t: Pick<ExecutionContext, 'teardown'>,
  options: TwoServersOptions = {},
): Promise<TwoServers> {
  const shared = options.sharedRoot === undefined ? {} : { root: options.sharedRoot };
  const f = await makeBox(t, F_ID, options.places?.f ?? shared);
  const r = await makeBox(t, R_ID, options.places?.r ?? shared);
  const key = options.key ?? createSigningKey();
  const gaps: AccountGap[] = [];
  const damaged: string[] = [];
  const open = (): { inbox: ReturnInbox; handlers: FootageHandlers } => {
    const volume = { id: r.volumeId, path: r.root, reserveBytes: 0 };
    const prover = createGroupProver({
      segments: r.catalogue.segments,
      fileOf: ({ path }) => join(r.root, path),
      clock: systemClock,
      pause: async () => await Promise.resolve(),
      onDamage: async (file, segment) => {
        const told = ({ path }: { readonly path: string }): void => void damaged.push(path);
        await storeScanned({ catalogue: r.catalogue, disk: createDiskReader(), onDamage: told }, file, segment);
      },
    });
    const inbox = createReturnInbox({
      catalogue: r.catalogue,
      prover,
      serverId: R_ID,
      key,
      clock: systemClock,
      volumesFor: () => [volume],
      volumes: () => [volume],
      shareFolder: () => ({ volume, folder: 'returns' }),
      pause: async () => await Promise.resolve(),
      inserted: () => undefined,
      log: silentLog,
      ...options.inbox,
    });
    const groups = createGroupReader({
      segments: r.catalogue.segments,
      fileOf: ({ path }) => join(r.root, path),
      now: systemClock.now,
    });
    const handlers = createFootageHandlers({
      serverId: R_ID,
      groups,
      prover,
      segments: r.catalogue.segments,
      inbox,
      isOwnCamera: (cameraId) => cameraId === CAMERA,
      isReady: () => true,
      book: (_by, told) => gaps.push(...told),
      clock: systemClock,
    });
    return { inbox, handlers };
  };
  let side = open();
  const events: RestorationEvent[] = [];
  const calls: Call[] = [];
  const request = async (
    peerId: string,
    method: string,
    params: unknown,
    { attachment }: PeerRequestOptions = {},
  ): Promise<PeerReply> => {
    if (peerId !== R_ID) throw new Error(`no peer ${peerId}`);
    const call = { method, params, attachment };
    calls.push(call);
    const fate = two.fate(call);
    const cut = (): UnderstudyError => new UnderstudyError('unavailable', 'peer/closed', 'The connection was cut.');
    if (!fate.reaches) throw cut();
    const handler = two.more[method] ?? side.handlers[method as keyof FootageHandlers];
    // As over a wire.
    const given: unknown = JSON.parse(JSON.stringify(params));
    const bytes = 'attachment' in fate ? fate.attachment : attachment;
    const caller = { id: F_ID, signal: new AbortController().signal } as PeerCaller;
    const answer = await handler(caller, given, bytes && Uint8Array.from(bytes));
    if (!fate.answers()) throw cut();
    return { result: JSON.parse(JSON.stringify(answer.result)) as unknown, attachment: answer.attachment };
  };
  const start = (): Restoration =>
    startRestoration({
      ownServerId: F_ID,
      isReady: () => true,
      dataDirectory: f.data,
      catalogue: f.catalogue,
      volumes: () => [{ id: f.volumeId, path: f.root }],
      request,
      clockOffsetOf: () => options.clockOffsetMs ?? 0,
      rateLimit: () => undefined,
      receiptKeyOf: () => key.publicKey,
      isCovering: () => false,
      openShare: () => Promise.reject(new Error('no share')),
      publish: (event) => events.push(event),
      clock: HASTY,
      log: silentLog,
      ...options.restoration,
    });
  let restoration: Restoration | undefined;
  t.teardown(async () => {
    await restoration?.stop();
    await side.inbox.close();
  });
  const two: TwoServers = {
    f,
    r,
    key,
    events,
    calls,
    gaps,
    damaged,
    fate: () => FINE,
    more: {},
    inbox: () => side.inbox,
    handlers: () => side.handlers,
    restoration: () => (restoration ??= start()),
    restartR: async (meanwhile) => {
      await side.inbox.close();
      r.catalogue.close();
      await meanwhile?.();
      r.catalogue = openCatalogue(r.data, systemClock.now());
      side = open();
      await r.reconcile();
    },
    restartF: async () => {
      await restoration?.stop();
      f.catalogue.close();
      f.catalogue = openCatalogue(f.data, systemClock.now());
      restoration = start();
    },
  };
  await mkdir(join(r.root, 'returns'), { recursive: true }).catch(() => undefined);
  return two;
}

export const orderOf = (
  more: Partial<Parameters<Restoration['begin']>[0]> = {},
): Parameters<Restoration['begin']>[0] => ({
  serverId: R_ID,
  streams: [KEY],
  start: START_MS - 2 * 86_400_000,
  end: START_MS + 2 * 86_400_000,
  policy: 'return',
  transport: 'direct',
  ...more,
});
