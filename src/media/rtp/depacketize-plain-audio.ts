/** G.711 (RFC 3551 §4.5.14) and Opus (RFC 7587 §4.2): the payload is the frame. */
import type { AudioSink } from './access-unit-sink.ts';
import type { Depacketizer } from './depacketizer.ts';

/** G.711 of 500 ms is 4000 bytes; an Opus packet has at most 61440 at 48 frames, cameras send below 1500. */
export const MAX_PLAIN_AUDIO = 8192;

export function createPlainAudioDepacketizer(sink: AudioSink): Depacketizer {
  return {
    push: (packet, timestamp) => {
      if (packet.end - packet.start <= MAX_PLAIN_AUDIO) sink.frame(timestamp, packet.bytes, packet.start, packet.end);
    },
    reset: () => undefined,
  };
}
