/** Length of an Opus packet (RFC 6716 §3.1): what MP4 and Media Source Extensions must be told, and RTP does not say. */

/** RFC 7587 §4.1. */
const OPUS_RATE = 48_000;
/** Samples of one frame by the configuration in the first five bits of the packet: SILK, hybrid, CELT. */
const SILK = [480, 960, 1920, 2880];
const HYBRID = [480, 960];
const CELT = [120, 240, 480, 960];
/** 120 ms, beyond which no packet may go (§3.2.5). */
const MAX_SAMPLES = 5760;

/** Samples at 48 kHz; 20 ms where the packet tells none. */
export function opusSamplesOf(packet: Uint8Array): number {
  const [toc] = packet;
  if (toc === undefined) return OPUS_RATE / 50;
  const samples = frameSamples(toc >> 3) * framesOf(toc & 3, packet[1] ?? 1);
  return samples === 0 ? OPUS_RATE / 50 : Math.min(samples, MAX_SAMPLES);
}

function frameSamples(configuration: number): number {
  if (configuration < 12) return SILK[configuration & 3] ?? 0;
  return (configuration < 16 ? HYBRID[configuration & 1] : CELT[configuration & 3]) ?? 0;
}

/** Code 0: one frame, 1 and 2: two, 3: as many as the second byte says. */
function framesOf(code: number, second: number): number {
  if (code === 3) return second & 63;
  return code === 0 ? 1 : 2;
}
