/** Which camera is heard: one at a time, none when the page is left. And what can be said of the sound of a camera. Pure but for the signal. */
import { signal, type Signal } from '@preact/signals';
import type { SiteCamera } from '../../api/site.ts';
import { t } from '../../messages/live/words.ts';
import type { Header } from '../../player/live-player.ts';

export const heard: Signal<string | undefined> = signal<string | undefined>(undefined);

/** What each stream of a camera said of itself when it was watched last. */
export type Headers = Partial<Readonly<Record<'main' | 'sub', Header>>>;
export type Sound =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'none' }
  | { readonly kind: 'unplayable'; readonly codec: string }
  /** `mainOnly`: the sub-stream that is watched has none. */
  | { readonly kind: 'playable'; readonly mainOnly: boolean };

/** `stream`: the one that is watched while nothing is heard. */
export function soundOf(
  camera: Pick<SiteCamera, 'streams'>,
  stream: 'main' | 'sub',
  headers: Headers,
  canPlay: (codec: string) => boolean = playsSound,
): Sound {
  const header = headers[stream];
  if (header === undefined) return { kind: 'unknown' };
  if (plays(header.audioCodec, canPlay)) return { kind: 'playable', mainOnly: false };
  const main = stream === 'main' ? undefined : mainCodecOf(camera, headers);
  if (plays(main, canPlay)) return { kind: 'playable', mainOnly: true };
  const codec = header.audioCodec ?? main;
  return codec === undefined ? { kind: 'none' } : { kind: 'unplayable', codec };
}
const plays = (codec: string | undefined, canPlay: (codec: string) => boolean): boolean =>
  codec !== undefined && canPlay(codec);
const mainCodecOf = ({ streams }: Pick<SiteCamera, 'streams'>, { main }: Headers): string | undefined =>
  main === undefined ? streams.find(({ stream }) => stream === 'main')?.audioCodec : main.audioCodec;

/** Media Source Extensions: G.711 is none of them. */
const playsSound = (codec: string): boolean =>
  !isG711(codec) && typeof MediaSource !== 'undefined' && MediaSource.isTypeSupported(`audio/mp4; codecs="${codec}"`);
const isG711 = (codec: string): boolean => codec === 'alaw' || codec === 'ulaw';

/** Why it cannot be heard; undefined: it can. */
export function silenceOf(sound: Sound): string | undefined {
  if (sound.kind === 'playable') return undefined;
  if (sound.kind === 'unplayable') return t('sound.unplayable', { codec: isG711(sound.codec) ? 'G.711' : sound.codec });
  return t(sound.kind === 'none' ? 'sound.none' : 'sound.unknown');
}
