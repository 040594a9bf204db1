/**
 * What verification has to say. A finding names file, fragment, place and time, so that a person can tell which footage is meant.
 */
export type FindingKind =
  /** Bytes that cannot be read as what they should be. */
  | 'damaged'
  /** Readable, but not what was recorded. */
  | 'altered'
  /** The chain says something stood here. */
  | 'missing'
  | 'reordered'
  | 'inserted'
  /** The file ends inside a fragment: power or process went away while it was written. */
  | 'torn'
  /** A file that says it belongs elsewhere. */
  | 'misplaced'
  /** Nothing recorded, or recorded twice; the ledger knows why. */
  | 'gap'
  | 'overlap'
  /** Of an export: its signature or the manifest itself. */
  | 'signature'
  | 'note';

export type Finding = {
  readonly kind: FindingKind;
  /** Errors make `understudy verify` exit with 1; remarks are for information. */
  readonly severity: 'error' | 'remark';
  /** As the caller named it. */
  readonly file: string;
  readonly sequence: number | undefined;
  /** In the file. */
  readonly offset: number | undefined;
  /** Wall milliseconds, half open. */
  readonly start: number | undefined;
  readonly end: number | undefined;
  readonly message: string;
};

/** Findings kept; a disk full of garbage would fill memory with them. */
export const MAX_FINDINGS = 10_000;

type Place = Partial<Pick<Finding, 'sequence' | 'offset' | 'start' | 'end' | 'severity'>>;

export function findingOf(kind: FindingKind, file: string, message: string, place: Place = {}): Finding {
  const { severity = 'error', sequence, offset, start, end } = place;
  return { kind, severity, file, sequence, offset, start, end, message };
}
