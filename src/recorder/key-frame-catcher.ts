/** An access-unit sink that keeps the first key frame of a stream, as a sample (NAL units with four-byte lengths) with its track. */
import { createParameterSets } from '../media/codec/parameter-sets.ts';
import type { AccessUnitSink } from '../media/rtp/access-unit-sink.ts';
import type { VideoCodec, VideoTrack } from '../media/tracks.ts';
import { KEY, LEFT_OUT, PARAMETER_SET, nalKindsOf } from '../media/codec/nal-kinds.ts';

export type KeyFrame = { readonly track: VideoTrack; readonly sample: Uint8Array };

/** `caught` is called once. Allocates per NAL unit: for a test of a camera, not for recording. */
export function createKeyFrameCatcher(
  codec: VideoCodec,
  parameterSets: readonly Uint8Array[],
  caught: (keyFrame: KeyFrame) => void,
): AccessUnitSink {
  const sets = createParameterSets(codec, parameterSets);
  const kinds = nalKindsOf(codec);
  let done = false;
  let key = false;
  let kind = LEFT_OUT;
  let unit: Uint8Array[] = [];
  let nal: Uint8Array[] = [];

  const endNal = (): void => {
    const bytes = Buffer.concat(nal);
    if (kind === PARAMETER_SET) sets.offer(bytes, 0, bytes.length);
    else if (kind !== LEFT_OUT) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      unit.push(length, bytes);
    }
    if (kind === KEY) key = true;
  };
  return {
    beginAccessUnit: () => {
      unit = [];
      key = false;
    },
    beginNal: (type, first, second) => {
      kind = kinds[type] ?? LEFT_OUT;
      nal = [second < 0 ? Uint8Array.of(first) : Uint8Array.of(first, second)];
    },
    data: (bytes, start, end) => {
      if (!done) nal.push(bytes.slice(start, end));
    },
    endNal: () => {
      if (!done) endNal();
    },
    endAccessUnit: (intact) => {
      const track = sets.track();
      if (done || !intact || !key || track === undefined) return;
      done = true;
      caught({ track, sample: Buffer.concat(unit) });
    },
  };
}
