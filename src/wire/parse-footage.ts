/** Parameters and results of the `footage.*` requests: strict, bounded parsers of what another server says. */
import { MAX_GROUP_FRAGMENTS, MAX_GROUPS, MAX_PROVED, MAX_RETURN_FILE_BYTES } from './footage-protocol.ts';
import type { ReturnNote } from '../media/mp4/segment-header.ts';
import type {
  AccountParams,
  AppendParams,
  AppendResult,
  FootageGroup,
  GroupFragment,
  GroupsParams,
  GroupsResult,
  InsertParams,
  InsertResult,
  OfferParams,
  OfferResult,
  ProveParams,
  ProveResult,
  Receipt,
  ReturnFile,
} from './footage-protocol.ts';
import { cameraIdText, idText, MAX_PATH_LENGTH, serverIdText, streamNameText } from './parse-control-message.ts';
import { missingCause, sha256Text } from './parse-peer-message.ts';
import { flag, listOf, matching, measure, objectOf, oneKindOf, oneOf, optional, text, whole } from './shape.ts';
import type { Read } from './shape.ts';

/** Gaps that one `footage.account` tells; more go into another one. */
export const MAX_ACCOUNT_GAPS = 4096;
/** A clock that is off by more has no date worth keeping; 100 years. */
const MAX_CLOCK_OFFSET_MS = 100 * 366 * 86_400_000;

/** It may name a file while it arrives. */
const fileId = matching((value) => /^\w[\w.-]{0,199}$/.test(value), 'the id of a file');
const halfHash = matching((value) => /^[0-9a-f]{32}$/.test(value), '16 bytes in hex');
const signature = matching((value) => /^[A-Za-z0-9+/]{86}==$/.test(value), 'an Ed25519 signature in base64');
const offset: Read<number> = whole(0, MAX_RETURN_FILE_BYTES);
const clockOffset: Read<number> = (value, path) => {
  const size = measure(typeof value === 'number' ? Math.abs(value) : value, path);
  whole(0, MAX_CLOCK_OFFSET_MS)(Math.ceil(size), path);
  return value as number;
};

/** A fragment has at most 8192 access units, of which eight characters each are told. */
const MAX_LEAVES_TEXT = 8192 * 8;
const groupFragment: Read<GroupFragment> = objectOf<GroupFragment>({
  start: measure,
  end: measure,
  leaves: matching(
    (value) => value.length <= MAX_LEAVES_TEXT && /^[A-Za-z0-9+/]*$/.test(value),
    'leaf hashes in base64',
  ),
});
const group: Read<FootageGroup> = objectOf<FootageGroup>({
  recordedBy: serverIdText,
  start: measure,
  end: measure,
  firstSequence: whole(0),
  lastSequence: whole(0),
  key: halfHash,
  accessUnits: whole(0),
  digest: halfHash,
  continuous: flag,
  growing: flag,
  fragments: listOf(groupFragment, MAX_GROUP_FRAGMENTS),
});
const returnFile: Read<ReturnFile> = objectOf<ReturnFile>({
  id: fileId,
  cameraId: cameraIdText,
  stream: streamNameText,
  recordedBy: serverIdText,
  epoch: whole(1),
  start: measure,
  end: measure,
  bytes: whole(1, MAX_RETURN_FILE_BYTES),
  sha256: sha256Text,
  fragments: whole(1),
  accessUnits: whole(0),
  clockOffsetMs: clockOffset,
});
export const readReceipt: Read<Receipt> = objectOf<Receipt>({
  fileId,
  serverId: serverIdText,
  sha256: sha256Text,
  at: measure,
  signature,
});
/** Relative, with `/`, and never out of the folder it is relative to. */
export const insidePath: Read<string> = matching(
  (path) =>
    path.length <= MAX_PATH_LENGTH &&
    // oxlint-disable-next-line no-control-regex
    !/[\u0000-\u001f\\]/.test(path) &&
    path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
  'a relative path',
);

const sequences: Read<readonly [number, number]> = (value, path) => {
  const [first = -1, last = -1] = listOf(whole(0), 2)(value, path);
  return [whole(0)(first, path), whole(first)(last, path)];
};
const MAX_SUPERSEDED = 128;
export const returnNote: Read<ReturnNote> = objectOf<ReturnNote>({
  id: idText,
  by: serverIdText,
  clockOffsetMs: clockOffset,
  supersedes: listOf(
    objectOf<ReturnNote['supersedes'][number]>({ server: serverIdText, groups: listOf(sequences, MAX_SUPERSEDED) }),
    MAX_SUPERSEDED,
  ),
});

/** Each: @throws wire/shape */
export const readGroupsParams: Read<GroupsParams> = objectOf<GroupsParams>({
  cameraId: cameraIdText,
  stream: streamNameText,
  start: measure,
  end: measure,
});
export const readGroupsResult: Read<GroupsResult> = objectOf<GroupsResult>({
  groups: listOf(group, MAX_GROUPS),
  more: flag,
  now: measure,
  durableUntil: optional(measure),
});
export const readProveParams: Read<ProveParams> = objectOf<ProveParams>({
  cameraId: cameraIdText,
  stream: streamNameText,
  groups: listOf(
    objectOf<ProveParams['groups'][number]>({
      recordedBy: serverIdText,
      firstSequence: whole(0),
      start: measure,
      end: measure,
      digest: halfHash,
    }),
    MAX_PROVED,
  ),
});
export const readProveResult: Read<ProveResult> = objectOf<ProveResult>({
  proofs: listOf(oneOf(['whole', 'altered', 'later']), MAX_PROVED),
});
export const readOfferParams: Read<OfferParams> = objectOf<OfferParams>({ file: returnFile });
export const readOfferResult: Read<OfferResult> = oneKindOf<OfferResult>({
  send: objectOf({ kind: oneOf(['send']), offset }),
  have: objectOf({ kind: oneOf(['have']), receipt: readReceipt }),
  later: objectOf({ kind: oneOf(['later']), retryMs: whole(0, 86_400_000), reason: text(1000) }),
});
export const readAppendParams: Read<AppendParams> = objectOf<AppendParams>({ id: fileId, offset });
export const readAppendResult: Read<AppendResult> = objectOf<AppendResult>({ offset });
export const readInsertParams: Read<InsertParams> = objectOf<InsertParams>({
  file: returnFile,
  place: oneKindOf<InsertParams['place']>({
    sent: objectOf({ kind: oneOf(['sent']) }),
    share: objectOf({ kind: oneOf(['share']), path: insidePath }),
    'shared-volume': objectOf({ kind: oneOf(['shared-volume']), volumeId: idText, path: insidePath, note: returnNote }),
  }),
});
export const readInsertResult: Read<InsertResult> = objectOf<InsertResult>({ receipt: readReceipt });
export const readAccountParams: Read<AccountParams> = objectOf<AccountParams>({
  gaps: listOf(
    objectOf<AccountParams['gaps'][number]>({
      cameraId: cameraIdText,
      stream: streamNameText,
      start: measure,
      end: measure,
      cause: missingCause,
      detail: text(1000),
    }),
    MAX_ACCOUNT_GAPS,
  ),
});
