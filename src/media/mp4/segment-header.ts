/**
 * The `uuid` box that says whose segment this is (docs/design/segment-format.md): JSON, so that a later version may add
 * to it and a person with a hex editor can read it.
 */
import { isCameraId, isServerId } from '../../core/ids.ts';
import { UnderstudyError } from '../../core/errors.ts';
import { concat, u8, uuid } from './boxes.ts';
import type { Bytes } from './boxes.ts';

/** Extended types of our two `uuid` boxes. */
export const SEGMENT_UUID: Bytes = bytesOfHex('5f2e5f0c8a1c4c399d55a3c1d1b7e001');
export const FRAGMENT_UUID: Bytes = bytesOfHex('5f2e5f0c8a1c4c399d55a3c1d1b7e002');
/** A header is about 300 bytes, that of returned footage up to ten times as long; more is not ours. */
export const MAX_SEGMENT_HEADER_BYTES = 8000;
/** Ranges of sequences that one file may replace. */
export const MAX_SUPERSEDED = 128;
const MAX_OFFSET_MS = 2 ** 45;

/** Footage that another server recorded and gave back (docs/design/restoration.md). */
export type ReturnNote = {
  readonly id: string;
  /** Who gave it back. */
  readonly by: string;
  /** Whole milliseconds, added to every time in the file to have those of the server that holds it now. */
  readonly clockOffsetMs: number;
  /** Groups that this file replaces: `[first, last]` sequences of that server, both included. */
  readonly supersedes: readonly {
    readonly server: string;
    readonly groups: readonly (readonly [number, number])[];
  }[];
};

export type SegmentHeader = {
  readonly cameraId: string;
  readonly stream: 'main' | 'sub';
  readonly serverId: string;
  readonly epoch: number;
  /** Wall milliseconds of the first access unit. */
  readonly start: number;
  /** Chain value in hex with which the segment before it of the same stream and process ended. */
  readonly previous: string | undefined;
  /** Where wall times come from: the camera's sender reports, or the arrival here. */
  readonly clock: 'sender-report' | 'arrival';
  readonly returned?: ReturnNote;
};

const VERSION = 1;

export function encodeSegmentHeader(header: SegmentHeader): Bytes {
  const { cameraId, stream, serverId, epoch, start, previous = null, clock, returned } = header;
  const json = JSON.stringify({ cameraId, stream, serverId, epoch, start, previous, clock, returned });
  return uuid(SEGMENT_UUID, concat([u8(VERSION, 0, 0, 0), new TextEncoder().encode(json)]));
}

/**
 * `payload`: what follows the extended type.
 * @throws UnderstudyError `mp4/segment-header`
 */
export function parseSegmentHeader(payload: Uint8Array): SegmentHeader {
  const value = parseObject(payload);
  const { cameraId, stream, serverId, epoch, start, previous, clock, returned } = value;
  if (!isText(cameraId, isCameraId)) throw broken('cameraId is no camera id');
  if (stream !== 'main' && stream !== 'sub') throw broken('stream is neither main nor sub');
  if (!isText(serverId, isServerId)) throw broken('serverId is no server id');
  if (!isCount(epoch)) throw broken('epoch is no whole number');
  if (!isCount(start)) throw broken('start is no wall time in milliseconds');
  const rest = { previous: parsePrevious(previous), clock: parseClock(clock) };
  const header: SegmentHeader = { cameraId, stream, serverId, epoch, start, ...rest };
  return returned === undefined ? header : { ...header, returned: parseReturnNote(returned) };
}

function parsePrevious(value: unknown): string | undefined {
  if (value !== null && !isChain(value)) throw broken('previous is neither null nor a chain value');
  return value ?? undefined;
}

function parseClock(value: unknown): SegmentHeader['clock'] {
  if (value === 'sender-report' || value === 'arrival') return value;
  throw broken('clock is neither sender-report nor arrival');
}

/** @throws UnderstudyError `mp4/segment-header` */
export function parseReturnNote(value: unknown): ReturnNote {
  const { id, by, clockOffsetMs, supersedes } = isObject(value) ? value : {};
  if (typeof id !== 'string' || !/^[\w-]{1,64}$/.test(id)) throw broken('returned.id is no id');
  if (!isText(by, isServerId)) throw broken('returned.by is no server id');
  if (!isOffset(clockOffsetMs)) throw broken('returned.clockOffsetMs is no whole number of milliseconds');
  if (!Array.isArray(supersedes) || supersedes.length > MAX_SUPERSEDED) throw broken('returned.supersedes is no list');
  return { id, by, clockOffsetMs, supersedes: supersedes.map(parseSuperseded) };
}

function parseSuperseded(value: unknown): ReturnNote['supersedes'][number] {
  const { server, groups } = isObject(value) ? value : {};
  if (!isText(server, isServerId)) throw broken('returned.supersedes names no server');
  if (!Array.isArray(groups) || groups.length > MAX_SUPERSEDED || !groups.every(isGroup))
    throw broken('returned.supersedes has no list of sequences');
  return { server, groups };
}

const isGroup = (value: unknown): value is readonly [number, number] =>
  Array.isArray(value) && value.length === 2 && isCount(value[0]) && isCount(value[1]) && value[0] <= value[1];
const isOffset = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Math.abs(Number(value)) <= MAX_OFFSET_MS;
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parseObject(payload: Uint8Array): Readonly<Record<string, unknown>> {
  if (payload[0] !== VERSION) throw broken(`version ${VERSION} expected, ${String(payload[0])} found`);
  if (payload.length > MAX_SEGMENT_HEADER_BYTES) throw broken(`it has ${payload.length} bytes`);
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload.subarray(4)));
    if (isObject(value)) return value;
  } catch (error) {
    throw broken('it is no JSON', error);
  }
  throw broken('it is no JSON object');
}

const isText = (value: unknown, test: (text: string) => boolean): value is string =>
  typeof value === 'string' && test(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isChain = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);

const broken = (what: string, cause?: unknown): UnderstudyError =>
  new UnderstudyError('corrupt', 'mp4/segment-header', `the segment's uuid box cannot be used: ${what}`, { cause });

function bytesOfHex(hex: string): Bytes {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
