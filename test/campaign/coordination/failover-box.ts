/**
 * The failover server of the simulation: the real machine, claims, plan and epochs of src/failover, on simulated lines, clocks and disks.
 * Only recording itself is played: a camera is recorded from a moment after the order on.
 */
import { epochWrite } from '../../../src/coordination/epoch-claim.ts';
import { epochMs, monotonicMs } from '../../../src/core/units.ts';
import type { MonotonicMs } from '../../../src/core/units.ts';
import { initialClaims, resumeClaims, savedClaimsOf, stepClaims } from '../../../src/failover/claims.ts';
import type { SavedClaims } from '../../../src/failover/claims.ts';
import type { ClaimEffect, ClaimEvent, ClaimsState } from '../../../src/failover/claim-types.ts';
import { mayDelete } from '../../../src/failover/deletion.ts';
import { initialState, step } from '../../../src/failover/machine.ts';
import type { Effect, HandoverConfirmation, Happening, Policy, State } from '../../../src/failover/machine-types.ts';
import { planCover } from '../../../src/failover/plan.ts';
import { rankedFor } from '../../../src/failover/placement.ts';
import { needsSaving, resume, savedOf } from '../../../src/failover/saved-state.ts';
import type { SavedState } from '../../../src/failover/saved-state.ts';
import { backoffOf } from '../../../src/recorder/backoff.ts';
import { BEAT_MS } from '../../../src/wire/peer-protocol.ts';
import type { StreamProgress } from '../../../src/wire/peer-protocol.ts';
import type { Cameras } from './cameras.ts';
import { createDisk, createFootage } from './engine.ts';
import type { Box, Engine, Footage } from './engine.ts';
import type { SimMessage } from './messages.ts';
import { secondOf } from './other-boxes.ts';

/** As in watch/watch.ts, and as covering is called in compose/failover-set-up.ts. */
const TICK_MS = 100;
const REVIEW_MS = 250;
const FLUSH_MS = 300;
const BATCH = 40;

export type Site = {
  readonly policy: Policy;
  /** Cameras of each recording server. */
  readonly servers: ReadonlyMap<string, readonly string[]>;
  readonly failoverIds: readonly string[];
  readonly hostId: string | undefined;
  readonly channels: number;
  readonly cameras: Cameras;
};
/** What the judge of the simulation is told. */
export type Witness = {
  readonly recording: (by: string, cameraId: string, epoch: number) => void;
  readonly stopped: (by: string, cameraId: string, to: string | undefined) => void;
  /** Left to its own server, which does not record it yet. */
  readonly gaveWay: (by: string, cameraId: string) => void;
  readonly deleted: (by: string, second: string) => void;
  readonly takeover: (by: string, serverId: string) => void;
};
export type FailoverBox = Box & {
  readonly footage: Footage;
  readonly records: (cameraId: string) => boolean;
  readonly holds: (cameraId: string) => boolean;
  readonly held: () => number;
  readonly stateOf: (serverId: string) => State | undefined;
};

type Recording = {
  readonly serverId: string;
  epoch: number;
  since: number | undefined;
  until: number;
  refused: boolean;
};

export function createFailoverBox(engine: Engine, id: string, site: Site, witness: Witness): FailoverBox {
  const machineDisk = createDisk<SavedState>();
  const claimsDisk = createDisk<SavedClaims>();
  const footage = createFootage();
  const machines = new Map<string, State>();
  const recordings = new Map<string, Recording>();
  const claimsOut = new Map<string, { readonly serverId: string; readonly above: number }>();
  let claims: ClaimsState = initialClaims(id, 1);
  let claimCount = 0;
  let givingWay = false;
  const serverOf = new Map([...site.servers].flatMap(([serverId, ids]) => ids.map((cameraId) => [cameraId, serverId])));

  const box: FailoverBox = {
    id,
    footage,
    up: true,
    run: 1,
    pausedUntil: 0,
    inbox: [],
    rate: 1 + (engine.random.next() - 0.5) * 0.02,
    records: (cameraId) => box.up && !engine.isPaused(box) && recordings.get(cameraId)?.since !== undefined,
    holds: (cameraId) => recordings.has(cameraId),
    held: () => recordings.size,
    stateOf: (serverId) => machines.get(serverId),
    start: () => start(),
    stop: (how) => {
      machines.clear();
      for (const cameraId of recordings.keys()) site.cameras.leave(cameraId, id, how);
      recordings.clear();
      claimsOut.clear();
      if (how === 'power') footage.drop();
      machineDisk.drop();
      claimsDisk.drop();
    },
    receive: (from, message) => receive(from, message as SimMessage),
  };
  const mono = (): MonotonicMs => monotonicMs(engine.now() * box.rate);
  const wall = () => epochMs(1_700_000_000_000 + engine.now());

  const start = (): void => {
    const saved = claimsDisk.get('claims');
    claims = initialClaims(id, 1);
    if (saved !== undefined) {
      const resumed = resumeClaims(id, saved, mono());
      claims = resumed.state;
      resumed.effects.forEach(performClaim);
    }
    for (const [serverId, cameraIds] of site.servers) {
      const kept = machineDisk.get(serverId);
      const begun = kept === undefined ? undefined : resume(kept, mono(), wall());
      machines.set(serverId, begun?.state ?? initialState(serverId, mono(), wall()));
      for (const effect of begun?.effects ?? []) perform(serverId, effect);
      if (kept === undefined)
        tell(serverId, { kind: 'roster', streams: cameraIds.map((cameraId) => ({ cameraId, stream: 'main' })) });
    }
    engine.every(box, TICK_MS, tick);
    engine.every(box, REVIEW_MS, (lateMs) => tellClaims({ kind: 'tick', loopDelayMs: lateMs }));
    engine.every(box, 500, record);
    engine.every(box, BEAT_MS, () => toOthers({ kind: 'member-beat' }));
    engine.every(box, 1000, each);
  };

  const tick = (lateMs: number): void => {
    for (const serverId of machines.keys()) tell(serverId, { kind: 'tick', loopDelayMs: lateMs });
  };
  const toOthers = (message: SimMessage): void => {
    for (const other of site.failoverIds) if (other !== id) engine.send(id, other, message);
  };
  const tellClaimed = (): void => toOthers({ kind: 'member', covering: coveringOf() });
  const each = (): void => {
    tellClaimed();
    for (const [serverId, state] of machines) {
      const wanted = Object.keys(state.wanted);
      if (wanted.length > 0) tell(serverId, { kind: 'cover-progress', streams: progressOf(serverId) });
      sendHome(serverId);
    }
    replan();
  };

  const progressOf = (serverId: string): readonly StreamProgress[] =>
    [...recordings]
      .filter(([, recording]) => recording.serverId === serverId)
      .map(([cameraId, { since, until, refused }]) => ({
        cameraId,
        stream: 'main',
        state: since !== undefined ? 'recording' : refused ? 'failed' : 'waiting',
        cause: since === undefined && refused ? 'camera-refused' : undefined,
        durableUntil: since === undefined ? undefined : until,
        idleMs: since === undefined ? undefined : (engine.now() - until) * box.rate,
      }));
  const coveringOf = () =>
    Object.entries(claims.servers).map(([serverId, { epoch }]) => ({
      serverId,
      epoch,
      state: 'covering' as const,
      streams: progressOf(serverId),
    }));

  const tell = (serverId: string, happening: Happening): void => {
    const before = machines.get(serverId);
    if (before === undefined) return;
    const { state, effects } = step(before, { ...happening, at: mono(), wall: wall() }, site.policy);
    machines.set(serverId, state);
    if (needsSaving(before, state)) {
      machineDisk.set(serverId, savedOf(state, mono()));
      machineDisk.flush();
    }
    for (const effect of effects) perform(serverId, effect);
  };
  const perform = (serverId: string, effect: Effect): void => {
    if (effect.kind === 'cover') {
      tellClaims({ kind: 'want', serverId, cameraIds: effect.streams.map(({ cameraId }) => cameraId) });
      replan();
    }
    if (effect.kind === 'release') {
      givingWay = effect.why === 'gave-way';
      tellClaims({ kind: 'unwant', cameraIds: effect.streams.map(({ cameraId }) => cameraId) });
      givingWay = false;
    }
    if (effect.kind === 'confirm-handover') {
      const cameraIds = effect.streams.map(({ cameraId }) => cameraId);
      engine.send(id, serverId, { kind: 'confirm', ask: effect.ask, cameraIds } as SimMessage);
    }
    if (effect.kind === 'declare-takeover') witness.takeover(id, serverId);
  };

  const tellClaims = (
    event: ClaimEvent extends infer E ? (E extends ClaimEvent ? Omit<E, 'at'> : never) : never,
  ): void => {
    const before = claims;
    const result = stepClaims(before, { ...event, at: mono() });
    claims = result.state;
    if (before.maxEpoch !== claims.maxEpoch || before.servers !== claims.servers || before.held !== claims.held) {
      claimsDisk.set('claims', savedClaimsOf(claims));
      claimsDisk.flush();
    }
    result.effects.forEach(performClaim);
    if (result.effects.some(({ kind }) => kind === 'record')) tellClaimed();
  };
  const performClaim = (effect: ClaimEffect): void => {
    switch (effect.kind) {
      case 'record':
        for (const cameraId of effect.cameraIds) beginRecording(effect.serverId, cameraId, effect.epoch);
        return;
      case 'stop':
        for (const cameraId of effect.cameraIds) {
          recordings.delete(cameraId);
          site.cameras.leave(cameraId, id);
          if (givingWay) witness.gaveWay(id, cameraId);
          else witness.stopped(id, cameraId, effect.to);
        }
        return;
      case 'ask-winner': {
        const { ask, cameraIds } = effect;
        engine.send(id, effect.memberId, { kind: 'who-records', ask, cameraIds } as SimMessage);
        return;
      }
      case 'claim':
        if (site.hostId !== undefined) claimAtHost(site.hostId, effect.serverId, effect.above);
    }
  };
  const beginRecording = (serverId: string, cameraId: string, epoch: number): void => {
    witness.recording(id, cameraId, epoch);
    const known = recordings.get(cameraId);
    if (known !== undefined) {
      known.epoch = epoch;
      return;
    }
    const recording: Recording = { serverId, epoch, since: undefined, until: 0, refused: false };
    recordings.set(cameraId, recording);
    const connect = (failures = 0): void => {
      if (recordings.get(cameraId) !== recording) return;
      recording.refused = !site.cameras.take(cameraId, id);
      if (recording.refused) {
        const wait = backoffOf(failures + 1, 'no-room', engine.random.next());
        return engine.after(box, wait, () => connect(failures + 1));
      }
      recording.since = engine.now();
      recording.until = engine.now();
    };
    engine.after(box, 300 + engine.random.next() * 600, () => connect());
  };
  const record = (): void => {
    const now = engine.now();
    const written = [...recordings].filter(([, { since }]) => since !== undefined);
    for (const [cameraId] of written) footage.write(secondOf(cameraId, now));
    if (written.length === 0) return;
    engine.after(box, FLUSH_MS, () => {
      footage.flush();
      for (const [, recording] of written) recording.until = engine.now();
    });
  };

  const replan = (): void => {
    const wanted = Object.entries(claims.wanted);
    if (wanted.length === 0) return;
    const memberOf = (memberId: string) => ({
      id: memberId,
      channels: site.channels,
      seats: Infinity,
      unreachable: NONE,
    });
    const members = [id, ...Object.keys(claims.others)].map(memberOf);
    const present = new Map<string, string>(Object.keys(claims.held).map((cameraId) => [cameraId, id]));
    for (const [memberId, { claims: theirs }] of Object.entries(claims.others))
      for (const [cameraId, { isRecording }] of Object.entries(theirs))
        if (isRecording && !present.has(cameraId)) present.set(cameraId, memberId);
    const cameras = wanted.map(([cameraId, { serverId }]) => ({
      id: cameraId,
      serverId,
      name: cameraId,
      priority: 'medium' as const,
    }));
    const plan = planCover({ members, cameras, present, shortage: 'by-priority', oneServerAtATime: false });
    const ranks = Object.fromEntries(
      cameras.map((camera) => [camera.id, rankedFor(camera, members, plan.assigned.get(camera.id))]),
    );
    tellClaims({ kind: 'ranks', ranks });
  };

  const claimAtHost = (hostId: string, serverId: string, above: number): void => {
    claimCount += 1;
    const claim = `${id}-${box.run}-${claimCount}`;
    if (claimsOut.size > 50) claimsOut.clear();
    claimsOut.set(claim, { serverId, above });
    engine.send(id, hostId, { kind: 'store-read', key: `epoch/${serverId}`, claim } as SimMessage);
  };
  const sendHome = (serverId: string): void => {
    const state = machines.get(serverId);
    if (state === undefined || state.link.kind !== 'alive') return;
    const seconds = footage
      .durable()
      .filter((second) => {
        const cameraId = second.slice(0, second.indexOf('@'));
        return serverOf.get(cameraId) === serverId && !recordings.has(cameraId);
      })
      .slice(0, BATCH);
    if (seconds.length > 0) return engine.send(id, serverId, { kind: 'footage', seconds } as SimMessage);
    for (const incident of state.restoring) tell(serverId, { kind: 'footage-settled', incident });
  };

  const hearServer = (serverId: string, run: string): void => {
    const state = machines.get(serverId);
    if (state === undefined) return;
    const isNew = state.link.kind === 'never' || state.link.kind === 'down' || state.instance !== run;
    if (!isNew) return;
    tell(serverId, { kind: 'connected' });
    tell(serverId, { kind: 'hello', instance: run });
    engine.send(id, serverId, { kind: 'epoch', epoch: claims.maxEpoch } as SimMessage);
  };
  const rowsOf = (cameraIds: readonly string[]): readonly HandoverConfirmation[] =>
    cameraIds.flatMap((cameraId) => {
      const recording = recordings.get(cameraId);
      if (recording?.since === undefined) return [];
      const { since, until, epoch } = recording;
      return [{ cameraId, stream: 'main', since, until, idleMs: (engine.now() - until) * box.rate, epoch }];
    });
  const removeReturned = (message: Extract<SimMessage, { readonly kind: 'receipt' }>): void => {
    for (const receipt of message.receipts) {
      const second = receipt.fileId;
      const cameraId = second.slice(0, second.indexOf('@'));
      const serverId = serverOf.get(cameraId) ?? '';
      const file = { id: second, sha256: second };
      if (
        !footage.has(second) ||
        !mayDelete({ file, serverId, receipt, isSigned: true, isCovering: recordings.has(cameraId) })
      )
        continue;
      footage.remove(second);
      witness.deleted(id, second);
    }
  };

  const receive = (from: string, message: SimMessage): void => {
    switch (message.kind) {
      case 'fin':
        if (machines.has(from)) tell(from, { kind: 'disconnected', by: 'peer' });
        else tellClaims({ kind: 'gone', memberId: from });
        return;
      case 'beat':
        hearServer(from, message.run);
        return tell(from, { kind: 'beat' });
      case 'keep-alive':
        hearServer(from, message.run);
        tellClaims({ kind: 'known-epoch', epoch: message.epoch });
        return tell(from, {
          kind: 'keep-alive',
          report: { media: message.media, streams: message.streams, volumes: [] },
        });
      case 'member':
        return tellClaims({ kind: 'heard', memberId: from, covering: message.covering });
      case 'member-beat':
        return tellClaims({ kind: 'alive', memberId: from });
      case 'confirmed':
        return tell(from, message);
      case 'who-records':
        return engine.send(id, from, {
          kind: 'i-record',
          ask: message.ask,
          streams: rowsOf(message.cameraIds),
        } as SimMessage);
      case 'i-record':
        return tellClaims({ kind: 'winner-answered', memberId: from, ask: message.ask, streams: message.streams });
      case 'receipt':
        return removeReturned(message);
      default:
        return receiveFromHost(from, message);
    }
  };
  const receiveFromHost = (from: string, message: SimMessage): void => {
    if (message.kind !== 'store-entry' && message.kind !== 'store-done') return;
    const out = claimsOut.get(message.claim);
    if (out === undefined) return;
    if (message.kind === 'store-done') {
      claimsOut.delete(message.claim);
      return tellClaims({ kind: 'issued', serverId: out.serverId, epoch: message.epoch });
    }
    const write = epochWrite({ ...out, failoverId: id, claim: message.claim }, message.entry);
    if (write.kind === 'have') return tellClaims({ kind: 'issued', serverId: out.serverId, epoch: write.epoch });
    const key = `epoch/${out.serverId}`;
    const commit = { key, rev: message.entry?.rev, ops: write.ops, epoch: write.epoch };
    engine.send(id, from, { kind: 'store-commit', claim: message.claim, write: commit } as SimMessage);
  };
  return box;
}
const NONE: ReadonlySet<string> = new Set();
