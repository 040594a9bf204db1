/** The rows of the matrix as they stand below each other: servers, and the cameras of those that are open. Pure. */
import type { Camera, Matrix, Row } from './model.ts';

export type Line =
  | { readonly kind: 'server'; readonly id: string; readonly row: Row; readonly isOpen: boolean }
  | { readonly kind: 'camera'; readonly id: string; readonly row: Row; readonly camera: Camera };
export type Filter = { readonly text: string; readonly onlyLeft: boolean };

export const serverLine = (serverId: string): string => `s ${serverId}`;
export const cameraLine = (serverId: string, cameraId: string): string => `c ${serverId} ${cameraId}`;

/** A filter opens what it finds. A server whose own name fits shows all of its cameras. */
export function linesOf({ rows }: Matrix, open: ReadonlySet<string>, { text, onlyLeft }: Filter): readonly Line[] {
  const wanted = text.trim().toLowerCase();
  return rows.flatMap((row): readonly Line[] => {
    const isNamed = wanted === '' || row.name.toLowerCase().includes(wanted);
    const cameras = row.cameras.filter(
      (camera) => (isNamed || camera.name.toLowerCase().includes(wanted)) && (!onlyLeft || isLeft(camera)),
    );
    if (cameras.length === 0 && (onlyLeft ? !row.isUnknown : !isNamed)) return [];
    const isOpen = onlyLeft || !isNamed || open.has(row.id);
    const head: Line = { kind: 'server', id: serverLine(row.id), row, isOpen };
    if (!isOpen) return [head];
    return [
      head,
      ...cameras.map((camera): Line => ({ kind: 'camera', id: cameraLine(row.id, camera.cameraId), row, camera })),
    ];
  });
}

/** It should be recorded, and nobody would. */
export const isLeft = ({ recording, coveredBy }: Pick<Camera, 'recording' | 'coveredBy'>): boolean =>
  recording && coveredBy === undefined;

/** So that somebody should do something: its owner did not ask for it by the priority Never. */
export const isInTrouble = (camera: Pick<Camera, 'recording' | 'coveredBy' | 'priority'>): boolean =>
  isLeft(camera) && camera.priority !== 'never';

/** The cameras that are meant by the chosen rows: those of a chosen server are. */
export function chosenCameras(matrix: Matrix, chosen: ReadonlySet<string>): readonly Camera[] {
  if (chosen.size === 0) return [];
  return matrix.rows.flatMap((row) =>
    row.cameras.filter(({ cameraId }) => chosen.has(serverLine(row.id)) || chosen.has(cameraLine(row.id, cameraId))),
  );
}
export const chosenServers = (matrix: Matrix, chosen: ReadonlySet<string>): readonly Row[] =>
  matrix.rows.filter(({ id }) => chosen.has(serverLine(id)));
