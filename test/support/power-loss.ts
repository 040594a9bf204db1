/** One recording on a logging disk, many power cuts: the body of the campaign and of its slice among the interop tests. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCatalogue } from '../../src/archive/catalogue.ts';
import { systemClock } from '../../src/core/clock.ts';
import { checkPayload, readInit, scanFragments } from '../../src/media/mp4/scan.ts';
import { crashImage, faultDisk, logInfo, mountImage } from './lab.ts';
import type { FaultDisk } from './lab.ts';
import { createRandom } from './seeded-random.ts';
import type { Random } from './seeded-random.ts';
import { buildSegment, TEST_START_MS } from './segment-builder.ts';
import type { BuiltSegment } from './segment-builder.ts';
import { startTestWriter } from './volume-writer.ts';

/** Something promised, with the monotonic time by which it had been promised. */
type Promised =
  | {
      readonly kind: 'fragment';
      readonly at: bigint;
      readonly path: string;
      readonly offset: number;
      readonly sequence: number;
    }
  | { readonly kind: 'row'; readonly at: bigint; readonly id: number };
export type PowerLossOptions = {
  readonly seed: number;
  readonly runs: number;
  readonly seconds: number;
  readonly onRun?: (line: string) => void;
};
export type PowerLossOutcome = {
  readonly records: number;
  readonly flushes: number;
  readonly fragmentsReported: number;
  readonly rowsAcknowledged: number;
  readonly fragmentsChecked: number;
  readonly rowsChecked: number;
  readonly unmountable: number;
  readonly fragmentsLost: number;
  readonly rowsLost: number;
  readonly catalogueDamaged: number;
  readonly problems: readonly string[];
};
type Tally = { -readonly [Key in keyof Omit<PowerLossOutcome, 'problems'>]: number } & { problems: string[] };

const CAMERAS = 6;
const FRAGMENTS = 10;
/** However slow the machine: rounds of one fragment a camera, so that a cut has something to cut. */
const MIN_ROUNDS = 20;

export async function runPowerLoss(directory: string, options: PowerLossOptions): Promise<PowerLossOutcome> {
  const disk = await faultDisk(directory, 256);
  const random = createRandom(options.seed);
  let promised: readonly Promised[];
  try {
    promised = await record(disk, random, options.seconds);
  } finally {
    await disk.down();
  }
  const { records, flushes } = await logInfo(disk.log);
  const tally: Tally = {
    records,
    flushes,
    fragmentsReported: promised.filter(({ kind }) => kind === 'fragment').length,
    rowsAcknowledged: promised.filter(({ kind }) => kind === 'row').length,
    fragmentsChecked: 0,
    rowsChecked: 0,
    unmountable: 0,
    fragmentsLost: 0,
    rowsLost: 0,
    catalogueDamaged: 0,
    problems: [],
  };
  for (let index = 1; index <= options.runs; index += 1) {
    const upTo = random.int(1, records);
    await cut({ disk, directory, promised, tally }, upTo, options.seed * 100_000 + index);
    if (index % 25 === 0) options.onRun?.(`${index} of ${options.runs} cuts, ${tally.problems.length} problems`);
  }
  return tally;
}

/** Cameras that write as fast as the disk lets them, in batches, with a durable log row between. */
async function record(disk: FaultDisk, random: Random, seconds: number): Promise<readonly Promised[]> {
  const promised: Promised[] = [];
  const written = new Map<number, { handle: number; offset: number; sequence: number }>();
  const teardowns: (() => unknown)[] = [];
  const writer = await startTestWriter({ teardown: (run) => void teardowns.push(run) }, disk.mount, {
    onResult: ({ durable }) => {
      const at = process.hrtime.bigint();
      const fragments = durable.flatMap((token) => written.get(token) ?? []);
      for (const fragment of fragments)
        promised.push({ kind: 'fragment', at, path: writer.opened.get(fragment.handle) ?? '', ...fragment });
    },
  });
  const catalogue = openCatalogue(disk.mount, systemClock.now());
  const segments: { segment: BuiltSegment; handle: number; next: number }[] = [];
  const renew = (camera: number, turn: number): { segment: BuiltSegment; handle: number; next: number } => {
    const segment = buildSegment({
      header: { cameraId: `cam-${camera}`, start: TEST_START_MS + turn * 10_000 },
      fragments: FRAGMENTS,
      sliceBytes: random.int(500, 40_000),
      firstSequence: 1 + turn * FRAGMENTS,
      seed: random.int(1, 1e9),
    });
    const handle = camera + turn * CAMERAS;
    writer.open(handle, segment);
    return { segment, handle, next: 0 };
  };
  const deadline = performance.now() + seconds * 1000;
  for (let token = 0, turn = 0; performance.now() < deadline || token < MIN_ROUNDS * CAMERAS;) {
    for (let camera = 0; camera < CAMERAS; camera += 1) {
      let current = segments[camera];
      if (current === undefined || current.next >= FRAGMENTS) {
        writer.close(current?.handle ?? -1);
        turn += 1;
        current = renew(camera, turn);
        segments[camera] = current;
      }
      token += 1;
      const { offset, sequence } = current.segment.fragments[current.next] ?? { offset: 0, sequence: 0 };
      written.set(token, { handle: current.handle, offset, sequence });
      writer.write(current.handle, current.segment, current.next, token);
      current.next += 1;
    }
    const id = catalogue.transaction(
      () =>
        catalogue.log.add({
          at: token,
          severity: 'info',
          code: 'cut',
          message: `${token}`,
          cameraId: undefined,
          volumeId: undefined,
          user: undefined,
        }),
      'durable',
    );
    promised.push({ kind: 'row', at: process.hrtime.bigint(), id });
    await writer.idle();
  }
  await writer.writer.stop();
  catalogue.close();
  return promised;
}

type Cut = {
  readonly disk: FaultDisk;
  readonly directory: string;
  readonly promised: readonly Promised[];
  readonly tally: Tally;
};

async function cut({ disk, directory, promised, tally }: Cut, upTo: number, seed: number): Promise<void> {
  const image = join(directory, 'crash.img');
  const at = await crashImage(disk, image, upTo, seed);
  const due = promised.filter((entry) => entry.at <= at);
  const problem = (what: string): void => void tally.problems.push(`cut at record ${upTo}, seed ${seed}: ${what}`);
  const mount = join(directory, 'crash');
  const unmount = await mountImage(image, mount).catch(() => undefined);
  if (unmount === undefined) {
    tally.unmountable += 1;
    problem('the image does not mount');
    return;
  }
  try {
    const fragments = due.filter((entry) => entry.kind === 'fragment');
    for (const [path, entries] of Map.groupBy(fragments, (entry) => entry.path)) {
      const whole = await wholeFragments(join(mount, path));
      const lost = entries.filter(({ offset, sequence }) => whole.get(offset) !== sequence);
      tally.fragmentsChecked += entries.length;
      tally.fragmentsLost += lost.length;
      for (const { offset, sequence } of lost) problem(`fragment ${sequence} at ${offset} of ${path} is not whole`);
    }
    checkRows(mount, due, { tally, problem });
  } finally {
    await unmount();
  }
}

function checkRows(
  mount: string,
  due: readonly Promised[],
  { tally, problem }: { tally: Tally; problem: (what: string) => void },
): void {
  const rows = due.filter((entry) => entry.kind === 'row');
  if (rows.length === 0) return;
  const catalogue = openCatalogue(mount, systemClock.now());
  if (catalogue.condition !== 'sound') {
    tally.catalogueDamaged += 1;
    problem(`the catalogue is ${catalogue.condition}`);
  }
  const there = new Set(catalogue.log.find({ limit: 1_000_000 }).map(({ id }) => id));
  for (const { id } of rows) {
    tally.rowsChecked += 1;
    if (there.has(id)) continue;
    tally.rowsLost += 1;
    problem(`row ${id} is lost`);
  }
  catalogue.close();
}

/** Sequence by offset of every fragment whose header and payload fit their hashes; none of a file that is not there. */
export async function wholeFragments(path: string): Promise<ReadonlyMap<number, number>> {
  const whole = new Map<number, number>();
  const bytes = await readFile(path).catch(() => undefined);
  if (bytes === undefined) return whole;
  const source = {
    size: bytes.length,
    read: async (position: number, length: number) => new Uint8Array(bytes.subarray(position, position + length)),
  };
  const init = await readInit(source);
  for await (const step of scanFragments(source, { from: init.length, resync: true })) {
    if (step.kind !== 'fragment' || !step.fragment.intact) continue;
    const { kind } = await checkPayload(source, step.fragment, init.layout.video.codec);
    if (kind === 'whole') whole.set(step.fragment.offset, step.fragment.sequence);
  }
  return whole;
}
