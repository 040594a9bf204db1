/**
 * The words of covering that machine, incidents and claims share: streams, and why they are covered or released.
 */
import type { StreamName } from '../wire/media-protocol.ts';

export type StreamRef = { readonly cameraId: string; readonly stream: StreamName };
/** `camera/stream`: camera ids are unique over the site. */
export type StreamKey = `${string}/${StreamName}`;

/** Why a stream is covered. First trouble of the server, then orders, then trouble of single streams. */
export const COVER_REASONS = [
  /** The connection was closed without a goodbye. */
  'connection-lost',
  /** Connected, but beats stopped. */
  'silent',
  /** Beats come, keep-alives do not. */
  'keep-alives-stopped',
  /** Nothing was ever heard since watching began. */
  'never-heard',
  /** It said goodbye, and is gone. */
  'shutdown',
  /** It said goodbye with an error. */
  'error',
  /** Its recording process is down. */
  'media-down',
  /** All its volumes are gone, full or failing. */
  'volumes-failed',
  /** No stream of it makes progress, for reasons of its own. */
  'nothing-recorded',
  /** By command. */
  'manual',
  /** It asked to be relieved before a planned stop. */
  'planned',
  /** This failover server was started again while it covered. */
  'resumed',
  'stream-stalled',
  'stream-volume',
  /** The protected server cannot reach the camera; perhaps we can (promise 1). No failure of the server. */
  'stream-camera',
] as const;
export type CoverReason = (typeof COVER_REASONS)[number];

export const RELEASE_WHYS = [
  'confirmed',
  /** The camera lets one server in only: it is left to its own, which was refused (give-way.ts). */
  'gave-way',
  'yielded',
  'removed',
  'command',
  'disabled',
  'deauthorized',
] as const;
export type ReleaseWhy = (typeof RELEASE_WHYS)[number];
export type TakeoverBy = 'automatic' | 'manual';

export const keyOf = ({ cameraId, stream }: StreamRef): StreamKey => `${cameraId}/${stream}`;
