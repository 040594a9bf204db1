/**
 * The failover server's side of policy `keep`: which segments it keeps for whom, and the answers to the protected server that lists and reads
 * them. Belongs here: that. Does not: what is to be shown of a segment (decide.ts).
 */
import { existsSync } from 'node:fs';
import type { Catalogue } from '../archive/catalogue-types.ts';
import { openByteSource } from '../archive/byte-source.ts';
import { scanSegmentFile } from '../archive/scan-segment.ts';
import { MARKER_FILE } from '../archive/volume-marker.ts';
import { UnderstudyError } from '../core/errors.ts';
import type { PeerHandler } from '../peer/network-types.ts';
import { MAX_KEPT_NAMES, readKeptParams, readKeptPlace, readKeptReadParams } from '../wire/kept-protocol.ts';
import type { KeptPlace, KeptResult, KeptSegment } from '../wire/kept-protocol.ts';
import { noteOf } from './adopt.ts';
import type { RunDeps } from './run-deps.ts';
import type { StoredKept, StoredRestoration, TransferStore } from './transfer-store.ts';

export type KeptMethod = 'footage.kept' | 'footage.kept-segment' | 'footage.kept-read';
export type KeptHandlers = { readonly [Method in KeptMethod]: PeerHandler };
export type KeptHereDeps = {
  readonly store: Pick<TransferStore, 'kept' | 'keptAt' | 'removeKept'>;
  readonly catalogue: { readonly segments: Pick<Catalogue['segments'], 'get'> };
  readonly fileOf: (place: KeptPlace) => string | undefined;
};

/** What is decided on is kept from now on: nothing moves, and only retention deletes it. */
export function keepHere(deps: RunDeps, { id, order }: StoredRestoration): void {
  const bySource = Map.groupBy(deps.store.files(id), ({ volumeId, path }) => `${volumeId}/${path}`);
  for (const source of deps.store.sources(id)) {
    const files = bySource.get(`${source.volumeId}/${source.path}`) ?? [];
    const { volumeId, path, state } = source;
    if (state !== 'decided') continue;
    // Without a file the other server has all of it.
    if (files.length > 0)
      deps.store.putKept({ serverId: order.serverId, volumeId, path, note: noteOf(deps, source, files) });
    deps.store.put(
      [{ ...source, state: 'settled' }],
      files.map((file) => ({ ...file, state: 'received' })),
    );
  }
}

export function createKeptHandlers(deps: KeptHereDeps): KeptHandlers {
  const found = (serverId: string, place: KeptPlace): { readonly kept: StoredKept; readonly file: string } => {
    const kept = deps.store.keptAt(serverId, place);
    if (kept === undefined) throw nothing();
    const file = deps.fileOf(place);
    if (file === undefined)
      throw new UnderstudyError('unavailable', 'footage/volume', `Volume ${place.volumeId} is not here now.`);
    return { kept, file };
  };
  return {
    'footage.kept': async ({ id }, params) => {
      const { after } = readKeptParams(params, 'params');
      const items = deps.store.kept(id, after, MAX_KEPT_NAMES);
      const result: KeptResult = {
        items: items.map(({ volumeId, path, note }) => ({ volumeId, path, id: note.id })),
        more: items.length === MAX_KEPT_NAMES,
      };
      return await Promise.resolve({ result });
    },
    'footage.kept-segment': async ({ id }, params) => {
      const place = readKeptPlace(params, 'params');
      const { kept, file } = found(id, place);
      const { segment, fragments } = await scanSegmentFile(file, place.volumeId, place.path);
      const { returned: _none, ...report } = segment;
      const result: KeptSegment = { segment: report, fragments, note: kept.note };
      return { result };
    },
    'footage.kept-read': async ({ id }, params) => {
      const { offset, length, ...place } = readKeptReadParams(params, 'params');
      const source = await openByteSource(found(id, place).file);
      try {
        return { result: {}, attachment: await source.read(offset, length) };
      } finally {
        await source.close();
      }
    },
  };
}

/** Forgets what retention, or a person, has deleted; for whom that was. */
export function forgetDeleted(deps: KeptHereDeps): readonly string[] {
  const servers = new Set<string>();
  for (const { serverId, volumeId, path } of deps.store.kept(undefined, '', Number.MAX_SAFE_INTEGER)) {
    if (deps.catalogue.segments.get(volumeId, path) !== undefined || !isDeleted(deps, { volumeId, path })) continue;
    deps.store.removeKept({ volumeId, path });
    servers.add(serverId);
  }
  return [...servers];
}

/** A row alone says nothing: the catalogue may be made again just now, or the disk be away. Of a forgotten volume all is gone. */
function isDeleted({ fileOf }: KeptHereDeps, place: KeptPlace): boolean {
  const file = fileOf(place);
  const marker = fileOf({ ...place, path: MARKER_FILE });
  return file === undefined || marker === undefined || (!existsSync(file) && existsSync(marker));
}

const nothing = (): UnderstudyError =>
  new UnderstudyError('not-found', 'footage/not-kept', 'No such footage is kept here (any more).');
