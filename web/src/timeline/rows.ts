/** Rows of the timeline: cameras, under the name of their server as soon as there are several; found by name. Pure. */
import type { ServerName, SiteCamera } from '../api/site.ts';

export type ServerRow = {
  readonly kind: 'server';
  readonly server: ServerName;
  readonly connected: boolean;
  readonly count: number;
  readonly folded: boolean;
};
export type CameraRow = { readonly kind: 'camera'; readonly camera: SiteCamera };
export type Row = ServerRow | CameraRow;

/** All words of `text` stand in the name of the camera or of its server, whatever the case. */
function matches({ name, server }: SiteCamera, words: readonly string[]): boolean {
  const told = `${name} ${server.name}`.toLocaleLowerCase();
  return words.every((word) => told.includes(word));
}

/** While something is looked for, nothing is folded away. */
export function rowsOf(cameras: readonly SiteCamera[], text: string, folded: ReadonlySet<string>): readonly Row[] {
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const found = words.length === 0 ? cameras : cameras.filter((camera) => matches(camera, words));
  const groups = new Map<string, SiteCamera[]>();
  for (const camera of found) groups.set(camera.server.id, [...(groups.get(camera.server.id) ?? []), camera]);
  const several = new Set(cameras.map(({ server }) => server.id)).size > 1;
  return [...groups.values()]
    .toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)))
    .flatMap((group): readonly Row[] => {
      const [first] = group;
      if (first === undefined) return [];
      const rows = group.map((camera): Row => ({ kind: 'camera', camera }));
      if (!several) return rows;
      const isFolded = words.length === 0 && folded.has(first.server.id);
      const head: Row = {
        kind: 'server',
        server: first.server,
        connected: first.serverConnected,
        count: group.length,
        folded: isFolded,
      };
      return isFolded ? [head] : [head, ...rows];
    });
}
const nameOf = ([first]: readonly SiteCamera[]): string => first?.server.name ?? '';

export const camerasIn = (rows: readonly Row[]): readonly SiteCamera[] =>
  rows.flatMap((row) => (row.kind === 'camera' ? [row.camera] : []));
