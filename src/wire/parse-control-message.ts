/** What media may hear from control: strict, bounded parsers of `ControlMessage`, also for the orders kept on disk. */
import type { CameraAddressPolicy } from '../core/camera-address.ts';
import { isCameraId, isServerId } from '../core/ids.ts';
import { MAX_STREAMS, MEDIA_PROTOCOL_VERSION } from './media-protocol.ts';
import type { ControlMessage, Orders, PushOrder, StreamOrder, VolumeOrder } from './media-protocol.ts';
import { flag, listOf, matching, objectOf, oneKindOf, oneOf, optional, parseJson, text, whole } from './shape.ts';
import type { Read } from './shape.ts';

/** As many as the settings take. */
export const MAX_VOLUMES = 32;
/** A path of Linux, PATH_MAX. */
export const MAX_PATH_LENGTH = 4096;
export const MAX_URL_LENGTH = 2048;

export const cameraIdText: Read<string> = matching(isCameraId, 'a camera id');
export const serverIdText: Read<string> = matching(isServerId, 'a server id');
export const idText: Read<string> = matching((value) => /^[\w-]{1,64}$/.test(value), 'an id');
export const streamNameText: Read<'main' | 'sub'> = oneOf(['main', 'sub']);

/** A side of an older version does not say it. */
export const flagOrNot: Read<boolean> = (value, path) => value !== undefined && flag(value, path);

const streamOrder: Read<StreamOrder> = objectOf<StreamOrder>({
  cameraId: cameraIdText,
  stream: streamNameText,
  url: text(MAX_URL_LENGTH),
  username: optional(text(256)),
  password: optional(text(256)),
  transport: oneOf(['auto', 'tcp', 'udp']),
  fingerprint: optional(matching((value) => /^[0-9a-f]{64}$/.test(value), 'a SHA-256 in hex')),
  audio: flag,
  record: flag,
  // Orders kept by an older version have none of the three.
  hold: flagOrNot,
  epoch: optional(whole(1)),
  segmentSeconds: optional(whole(1, 86_400)),
  priority: oneOf(['high', 'medium', 'low', 'never']),
  volumeIds: listOf(idText, MAX_VOLUMES),
});

const volumeOrder: Read<VolumeOrder> = objectOf<VolumeOrder>({
  id: idText,
  path: matching((path) => path.startsWith('/') && path.length <= MAX_PATH_LENGTH, 'an absolute path'),
  reserveBytes: whole(0),
});

/** Interfaces of a box with their addresses; more are not told. */
export const MAX_OWN_ADDRESSES = 256;
export const MAX_OWN_PORTS = 32;
const addresses: Read<CameraAddressPolicy> = objectOf<CameraAddressPolicy>({
  allowLoopback: flag,
  ownAddresses: listOf(text(64), MAX_OWN_ADDRESSES),
  ownPorts: listOf(whole(0, 65_535), MAX_OWN_PORTS),
});
const push: Read<PushOrder> = objectOf<PushOrder>({ address: text(64), port: whole(0, 65_535) });

const orders: Read<Orders> = objectOf<Orders>({
  kind: oneOf(['orders']),
  protocol: oneOf([MEDIA_PROTOCOL_VERSION]),
  version: whole(0),
  serverId: serverIdText,
  epoch: whole(1),
  segmentSeconds: whole(1, 86_400),
  fragmentMs: whole(50, 60_000),
  volumes: listOf(volumeOrder, MAX_VOLUMES),
  streams: listOf(streamOrder, MAX_STREAMS),
  addresses: optional(addresses),
  push: optional(push),
});

const controlMessage: Read<ControlMessage> = oneKindOf<ControlMessage>({
  orders,
  subscribe: objectOf({ kind: oneOf(['subscribe']), instance: optional(idText), after: whole(0) }),
  live: objectOf({ kind: oneOf(['live']), cameraId: cameraIdText, stream: streamNameText, audio: flagOrNot }),
  'key-frame': objectOf({ kind: oneOf(['key-frame']), cameraId: cameraIdText, stream: streamNameText }),
});

/** @throws wire/json, wire/shape */
export const parseControlMessage = (line: string): ControlMessage => parseJson(line, controlMessage);
/** @throws wire/json, wire/shape */
export const parseOrders = (line: string): Orders => parseJson(line, orders);
