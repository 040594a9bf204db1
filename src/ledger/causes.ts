/**
 * Why a second is missing. The words stand in the API, the UI and the event log; a later version may add some, none goes away.
 */
export const MISSING_CAUSES = [
  /** The host name has no address. */
  'camera-unresolved',
  /** Nothing answers at the address, or it broke off. */
  'camera-unreachable',
  /** It answers and says no: wrong password, path, or it has no session left. */
  'camera-refused',
  /** Connected, but nothing comes. */
  'camera-stalled',
  /** What comes is not RTSP, RTP or a codec that we record. */
  'camera-protocol',
  /** Connected and sending, but no key frame to start from yet. */
  'no-key-frame',
  /** Packets were lost on the way; the access units they belonged to are not recorded. */
  'network-loss',
  'volume-full',
  'volume-gone',
  'volume-read-only',
  'volume-error',
  /** The disk took longer than memory could bridge: oldest fragments of the lowest priority were dropped. */
  'overload',
  /** A fragment failed verification and is not offered. */
  'footage-damaged',
  /** Removed by hand. */
  'deleted',
  /** Removed by retention, by age or by space. */
  'retention',
  /** The whole service was down: power, update, crash of everything. */
  'service-down',
  /** The media process was being restarted. */
  'media-restart',
  /** Nobody covered this camera while its server was down: its priority is Never. */
  'not-covered-priority',
  /** The seats of the licence were all taken. */
  'not-covered-seat',
  /** No failover server had a free channel. */
  'not-covered-channel',
  /** The policy of the site for too few channels left it out. */
  'not-covered-policy',
  /** The failover servers had no way to this camera. */
  'not-reachable-from-failover',
  /** It was recorded, and lies on a failover server that cannot be reached now. */
  'keeper-away',
  /** The clock of this box was set forward: these seconds never happened here. */
  'clock-stepped',
  /** No account was given: a defect of ours, and an alarm. */
  'unexplained',
] as const;

export type MissingCause = (typeof MISSING_CAUSES)[number];
