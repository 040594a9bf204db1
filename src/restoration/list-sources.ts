/**
 * Which segments of this server a restoration gives back. Ranges of two restorations may share segments, since what was recorded before one
 * cover may be of the cover before: each segment is given back by one of them, and the other one waits for that.
 *
 * Belongs here: what is listed, what is gone, what is another one's. Does not: what of a segment goes back (decide.ts).
 */
import { isPresent } from '../archive/remove-segments.ts';
import type { SegmentRow } from '../archive/catalogue-types.ts';
import type { RunDeps } from './run-deps.ts';
import type { StoredFile, StoredRestoration, StoredSource, TransferStore } from './transfer-store.ts';

export type Listed = {
  /** A segment is still being written, or on its way with another restoration. */
  readonly isOpen: boolean;
  /** The former: that ends as soon as the cover has ended. */
  readonly isWriting: boolean;
  /** Another restoration could not give something of this range back: it is here still. */
  readonly isShort: boolean;
};
type Place = { readonly volumeId: string; readonly path: string };
export const placeOf = ({ volumeId, path }: Place): string => `${volumeId}/${path}`;

export async function listSources(deps: RunDeps, restoration: StoredRestoration): Promise<Listed> {
  const { catalogue, store, ownServerId } = deps;
  const { id, order } = restoration;
  await forgetGone(deps, id);
  const known = new Set(store.sources(id).map(placeOf));
  const others = heldByOthers(store, id);
  const rows = order.streams
    .flatMap((key) => catalogue.segments.findRows(key, order))
    .filter(({ serverId, returned }) => serverId === ownServerId && returned === undefined)
    .filter((row) => !known.has(placeOf(row)));
  const free = rows.filter((row) => !row.open && !others.has(placeOf(row)));
  store.put(
    free.map((row) => sourceOf(id, row)),
    [],
  );
  const holds = rows.flatMap((row) => others.get(placeOf(row)) ?? []);
  const isWriting = rows.some(({ open }) => open);
  return { isOpen: isWriting || holds.includes('on-its-way'), isWriting, isShort: holds.includes('stuck') };
}

const sourceOf = (restoration: string, row: SegmentRow): StoredSource => ({
  restoration,
  cameraId: row.cameraId,
  stream: row.stream,
  volumeId: row.volumeId,
  path: row.path,
  state: row.firstSequence < 0 ? 'decided' : 'undecided',
  decided: [],
  bytes: row.bytes,
  seconds: (row.end - row.start) / 1000,
  knownSeconds: 0,
});

/** Gone otherwise (retention, a person, a process that died while it deleted): there is nothing left to give back. */
async function forgetGone({ catalogue, store, volumes }: RunDeps, id: string): Promise<void> {
  const isAway = async ({ volumeId }: StoredSource): Promise<boolean> => {
    const volume = volumes().find((one) => one.id === volumeId);
    return volume !== undefined && !(await isPresent(volume));
  };
  for (const source of store.sources(id)) {
    if (source.state === 'settled' || catalogue.segments.get(source.volumeId, source.path) !== undefined) continue;
    if (await isAway(source)) continue;
    const unsent = filesOf(store, source).filter(({ state }) => state !== 'received');
    store.put([{ ...source, state: 'settled' }], [], unsent);
  }
}

/** Of other restorations; `stuck`: nothing more will become of it for now. */
function heldByOthers(store: TransferStore, own: string): ReadonlyMap<string, 'on-its-way' | 'stuck'> {
  const held = new Map<string, 'on-its-way' | 'stuck'>();
  for (const { id, finishedAt } of store.restorations()) {
    if (id === own) continue;
    const left = store.sources(id).filter(({ state }) => state !== 'settled');
    for (const source of left)
      held.set(placeOf(source), finishedAt !== undefined || isStuck(store, source) ? 'stuck' : 'on-its-way');
  }
  return held;
}

const isStuck = (store: TransferStore, source: StoredSource): boolean => {
  const files = filesOf(store, source);
  const isStaying = (source.left ?? []).length > 0 || files.some(isLeft);
  return source.state === 'decided' && isStaying && files.every(({ state }) => state !== 'planned');
};
const isLeft = ({ state, isPart = false }: StoredFile): boolean => state === 'refused' || isPart;

const filesOf = (store: Pick<TransferStore, 'files'>, source: StoredSource): readonly StoredFile[] =>
  store.files(source.restoration).filter((file) => placeOf(file) === placeOf(source));

/** What was refused, or damaged, is decided on anew: what the other server has, and what it refuses, may have changed. */
export function redecideRefused(store: TransferStore, id: string): void {
  const refused = store.files(id).filter(({ state }) => state === 'refused');
  const bySource = Map.groupBy(refused, placeOf);
  for (const source of store.sources(id)) {
    const files = bySource.get(placeOf(source)) ?? [];
    const runs = [...files.flatMap((file) => file.runs), ...(source.left ?? [])];
    if (source.state === 'settled' || runs.length === 0) continue;
    const decided = runs.reduce((rest, run) => rest.flatMap((range) => without(range, run)), source.decided);
    store.put([{ ...source, state: 'undecided', decided, left: [] }], [], files);
  }
}

type Range = StoredSource['decided'][number];
const without = ([first, last]: Range, [from, to]: Range): readonly Range[] => {
  const parts: readonly Range[] = [
    [first, Math.min(last, from - 1)],
    [Math.max(first, to + 1), last],
  ];
  return parts.filter(([start, end]) => end >= start);
};
