/**
 * The requests by which a protected server lists and reads what a failover server recorded for it and keeps by policy (docs/design/restoration.md).
 * The protected server asks; times are those of the answering one.
 */
import type { ReturnNote } from '../media/mp4/segment-header.ts';
import type { FragmentReport, SegmentReport } from './media-protocol.ts';
import { idText } from './parse-control-message.ts';
import { insidePath, returnNote } from './parse-footage.ts';
import { readSegmentReport } from './parse-media-message.ts';
import { MAX_ATTACHMENT_BYTES } from './peer-protocol.ts';
import { flag, listOf, measure, objectOf, text, whole } from './shape.ts';
import type { Read } from './shape.ts';

/** Names in one answer. */
export const MAX_KEPT_NAMES = 1000;
/** Of one segment: an hour of the shortest ones. */
export const MAX_KEPT_FRAGMENTS = 8192;

export type KeptPlace = { readonly volumeId: string; readonly path: string };
/** `id` changes with what is to be shown of it. */
export type KeptName = KeptPlace & { readonly id: string };
/** `footage.kept`: in order of volume and path, behind `after` (`volume/path`). */
export type KeptParams = { readonly after: string };
export type KeptResult = { readonly items: readonly KeptName[]; readonly more: boolean };

export type KeptFragment = Pick<
  FragmentReport,
  'offset' | 'length' | 'sequence' | 'start' | 'end' | 'key' | 'continuous'
>;
/** `footage.kept-segment`. The note says which groups of either server are not shown, and the offset of the clocks. */
export type KeptSegment = {
  readonly segment: SegmentReport;
  readonly fragments: readonly KeptFragment[];
  readonly note: ReturnNote;
};
/** `footage.kept-read`, over the bulk connection: the bytes are the attachment; fewer only at the end of the file. */
export type KeptReadParams = KeptPlace & { readonly offset: number; readonly length: number };

const place = { volumeId: idText, path: insidePath };
export const readKeptPlace: Read<KeptPlace> = objectOf<KeptPlace>(place);
export const readKeptParams: Read<KeptParams> = objectOf<KeptParams>({ after: text(1000) });
export const readKeptResult: Read<KeptResult> = objectOf<KeptResult>({
  items: listOf(objectOf<KeptName>({ ...place, id: idText }), MAX_KEPT_NAMES),
  more: flag,
});
export const readKeptSegment: Read<KeptSegment> = objectOf<KeptSegment>({
  segment: readSegmentReport,
  fragments: listOf(
    objectOf<KeptFragment>({
      offset: whole(0),
      length: whole(1),
      sequence: whole(0),
      start: measure,
      end: measure,
      key: flag,
      continuous: flag,
    }),
    MAX_KEPT_FRAGMENTS,
  ),
  note: returnNote,
});
export const readKeptReadParams: Read<KeptReadParams> = objectOf<KeptReadParams>({
  ...place,
  offset: whole(0),
  length: whole(1, MAX_ATTACHMENT_BYTES),
});
