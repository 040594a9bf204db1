/** Well-formed messages between control and media, one of each sort, for tests of their parsers. */
import type { Orders, StreamOrder } from '../../src/wire/media-protocol.ts';
import { orderOf } from './media-process.ts';

export const SERVER = '5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e001';
export const stream: StreamOrder = orderOf('cam-1', 'rtsp://127.0.0.1/main', { transport: 'auto' });
export const volume = { id: 'vol-1', path: '/srv/footage', reserveBytes: 1 };
export const addresses = { allowLoopback: false, ownAddresses: ['192.168.1.5'], ownPorts: [51_443] };
export const orders: Orders = {
  kind: 'orders',
  protocol: 1,
  version: 3,
  serverId: SERVER,
  epoch: 1,
  segmentSeconds: 600,
  fragmentMs: 500,
  volumes: [volume],
  streams: [stream],
  addresses,
  push: { address: '::', port: 1935 },
};
export const fragment = {
  cameraId: 'cam-1',
  stream: 'main',
  volumeId: 'vol-1',
  segment: 'cam-1/main/2026-11-21/100211.000Z-5f2e5f0c-1.mp4',
  offset: 4096,
  length: 8192,
  sequence: 7,
  start: 1,
  end: 2,
  key: true,
  continuous: true,
  accessUnits: 12,
  audioFrames: 0,
} as const;
