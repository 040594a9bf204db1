/**
 * Virtual time, a bad network and bad disks for the simulation: everything random comes from one seed, nothing from the system.
 *
 * Belongs here: time, delivery, loss, cuts, pauses, crashes, what a crash drops. Does not: what the boxes do (boxes.ts), what is
 * done to them and what must hold (simulation.ts).
 */
import { createRandom } from '../../support/seeded-random.ts';
import type { Random } from '../../support/seeded-random.ts';

/** Of a message, at most, while nothing is wrong. */
export const USUAL_DELAY_MS = 15;

type Entry = { readonly at: number; readonly order: number; readonly run: () => void };
export type Message = { readonly kind: string };

/** Anything with a process and a network address. */
export type Box = {
  readonly id: string;
  up: boolean;
  /** Of this run of its process. */
  run: number;
  pausedUntil: number;
  readonly inbox: (readonly [string, Message])[];
  /** Its monotonic clock runs so much faster than true time. */
  readonly rate: number;
  readonly receive: (from: string, message: Message) => void;
  /** Its process begins, with what its disk holds. */
  readonly start: () => void;
  /** Its process is gone; `power`: what was not flushed is gone too. */
  readonly stop: (how: 'kill' | 'power') => void;
};

export type Engine = ReturnType<typeof createEngine>;

export function createEngine(seed: number) {
  const random: Random = createRandom(seed);
  const heap = createHeap();
  const boxes = new Map<string, Box>();
  const cuts = new Set<string>();
  const lastDelivery = new Map<string, number>();
  const network = { loss: 0, maxDelay: USUAL_DELAY_MS };
  const witnesses: ((box: Box) => void)[] = [];
  const losers: ((from: string, to: string, message: Message) => void)[] = [];
  let now = 0;
  let order = 0;

  const at = (time: number, run: () => void): void => heap.push({ at: Math.max(time, now), order: (order += 1), run });
  const isPaused = (box: Box): boolean => box.pausedUntil > now;
  const deliver = (from: string, to: string, message: Message): void => {
    const box = boxes.get(to);
    if (box === undefined || !box.up || cuts.has(`${from}>${to}`)) return;
    if (isPaused(box)) {
      if (box.inbox.length < 4000) box.inbox.push([from, message]);
    } else box.receive(from, message);
  };
  /** In order, as TCP has it; but what is lost is lost, and some of it comes twice. */
  const send = (from: string, to: string, message: Message): void => {
    const line = `${from}>${to}`;
    if (cuts.has(line)) return;
    if (network.loss > 0 && random.chance(network.loss)) return losers.forEach((tell) => tell(from, to, message));
    for (let copies = random.chance(0.01) ? 2 : 1; copies > 0; copies -= 1) {
      const due = Math.max(now + 1 + random.next() * network.maxDelay, (lastDelivery.get(line) ?? 0) + 0.01);
      lastDelivery.set(line, due);
      at(due, () => deliver(from, to, message));
    }
  };
  /** Once, after `ms` of the box's own time; not if its process ended meanwhile; late if it is paused. */
  const after = (box: Box, ms: number, run: (lateMs: number) => void): void => {
    const { run: started } = box;
    const due = now + ms / box.rate;
    const fire = (): void => {
      if (!box.up || box.run !== started) return;
      if (isPaused(box)) at(box.pausedUntil + 0.5, fire);
      else run((now - due) * box.rate);
    };
    at(due, fire);
  };
  const every = (box: Box, ms: number, run: (lateMs: number) => void): void => {
    const again = (lateMs: number): void => {
      run(lateMs);
      after(box, ms, again);
    };
    after(box, random.next() * ms, again);
  };
  const fails = (box: Box): void => witnesses.forEach((witness) => witness(box));
  const crash = (box: Box, how: 'kill' | 'power'): void => {
    if (!box.up) return;
    fails(box);
    box.up = false;
    box.inbox.length = 0;
    box.stop(how);
    // The kernel of a machine that still runs ends its connections.
    if (how === 'kill') for (const other of boxes.keys()) if (other !== box.id) send(box.id, other, { kind: 'fin' });
  };
  const restart = (box: Box): void => {
    if (box.up) return;
    box.up = true;
    box.run += 1;
    box.pausedUntil = 0;
    box.start();
  };
  const pause = (box: Box, ms: number): void => {
    if (!box.up || isPaused(box)) return;
    fails(box);
    box.pausedUntil = now + ms;
    const { run } = box;
    at(box.pausedUntil, () => {
      if (!box.up || box.run !== run) return;
      for (const [from, message] of box.inbox.splice(0)) if (box.up) box.receive(from, message);
    });
  };
  const runUntil = (time: number): void => {
    for (let entry = heap.popUntil(time); entry !== undefined; entry = heap.popUntil(time)) {
      now = entry.at;
      entry.run();
    }
    now = time;
  };
  return {
    random,
    boxes,
    cuts,
    network,
    now: () => now,
    at,
    after,
    every,
    send,
    crash,
    restart,
    pause,
    fails,
    /** Told of each box that stops doing its work, just before it does. */
    onFailure: (witness: (box: Box) => void): void => void witnesses.push(witness),
    /** Told of each message that the network loses; not of those that a cut keeps back. */
    onLoss: (tell: (from: string, to: string, message: Message) => void): void => void losers.push(tell),
    isPaused,
    runUntil,
    add: (box: Box): void => {
      boxes.set(box.id, box);
      box.start();
    },
  };
}

/** A disk whose writes are there after a power cut only when they were flushed. */
export function createDisk<T>(): {
  readonly set: (key: string, value: T) => void;
  readonly get: (key: string) => T | undefined;
  readonly flush: () => void;
  readonly drop: () => void;
} {
  const durable = new Map<string, T>();
  const volatile = new Map<string, T>();
  return {
    set: (key, value) => void volatile.set(key, value),
    get: (key) => volatile.get(key) ?? durable.get(key),
    flush: () => {
      for (const [key, value] of volatile) durable.set(key, value);
      volatile.clear();
    },
    drop: () => volatile.clear(),
  };
}

/** Seconds of footage of cameras; new ones are lost with a power cut until they are flushed. */
export type Footage = {
  readonly write: (second: string) => void;
  readonly flush: () => void;
  readonly drop: () => void;
  readonly remove: (second: string) => void;
  readonly has: (second: string) => boolean;
  readonly isDurable: (second: string) => boolean;
  readonly durable: () => readonly string[];
};
export function createFootage(): Footage {
  const flushed = new Set<string>();
  const fresh = new Set<string>();
  return {
    write: (second) => void (flushed.has(second) || fresh.add(second)),
    flush: () => {
      for (const second of fresh) flushed.add(second);
      fresh.clear();
    },
    drop: () => fresh.clear(),
    remove: (second) => {
      flushed.delete(second);
      fresh.delete(second);
    },
    has: (second) => flushed.has(second) || fresh.has(second),
    isDurable: (second) => flushed.has(second),
    durable: () => [...flushed],
  };
}

function createHeap() {
  const heap: Entry[] = [];
  const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
  const swapUp = (from: number): void => {
    for (let child = from; child > 0;) {
      const parent = (child - 1) >> 1;
      const [a, b] = [heap[child] as Entry, heap[parent] as Entry];
      if (!isBefore(a, b)) return;
      heap[child] = b;
      heap[parent] = a;
      child = parent;
    }
  };
  const swapDown = (): void => {
    for (let parent = 0; ;) {
      let child = 2 * parent + 1;
      if (child >= heap.length) return;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Entry, heap[child] as Entry)) child += 1;
      const [a, b] = [heap[child] as Entry, heap[parent] as Entry];
      if (!isBefore(a, b)) return;
      heap[child] = b;
      heap[parent] = a;
      parent = child;
    }
  };
  return {
    push: (entry: Entry): void => {
      heap.push(entry);
      swapUp(heap.length - 1);
    },
    popUntil: (time: number): Entry | undefined => {
      const [top] = heap;
      if (top === undefined || top.at > time) return undefined;
      const last = heap.pop();
      if (heap.length > 0 && last !== undefined) {
        heap[0] = last;
        swapDown();
      }
      return top;
    },
  };
}
