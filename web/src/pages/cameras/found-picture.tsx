/** A picture of each camera that was found: its smallest profile is asked for a key frame, two cameras at a time. */
import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { DiscoveredCamera } from '../../api/api.ts';
import { camerasAt } from '../../api/cameras.ts';
import { t } from '../../messages/cameras/words.ts';
import { useMovie } from './test-result.tsx';

type Picture =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'none'; readonly reason: string | undefined }
  | { readonly kind: 'movie'; readonly base64: string };
type Credentials = { readonly username?: string; readonly password?: string };

/** By device. */
const pictures = signal<ReadonlyMap<string, Picture>>(new Map());
const AT_ONCE = 2;
let running = new AbortController();

/** A newer search ends what an older one still asks for. */
export function startPreviews(serverId: string, found: readonly DiscoveredCamera[], credentials: Credentials): void {
  running.abort();
  running = new AbortController();
  const { signal: over } = running;
  const queue = found.filter(({ profiles }) => profiles.length > 0);
  pictures.value = new Map(queue.map(({ xaddr }) => [xaddr, { kind: 'waiting' }]));
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const picture = await pictureOf(serverId, next, credentials);
      if (over.aborted) return;
      pictures.value = new Map(pictures.value).set(next.xaddr, picture);
    }
  };
  for (let index = 0; index < AT_ONCE; index += 1) void work();
}

async function pictureOf(serverId: string, { profiles }: DiscoveredCamera, credentials: Credentials): Promise<Picture> {
  const smallest = profiles.toSorted((a, b) => (a.width ?? Infinity) - (b.width ?? Infinity))[0];
  if (smallest === undefined) return { kind: 'none', reason: undefined };
  try {
    const result = await camerasAt.test(serverId, { url: smallest.url, ...credentials });
    if (result.preview !== undefined) return { kind: 'movie', base64: result.preview };
    return { kind: 'none', reason: result.checks.find(({ ok }) => !ok)?.message };
  } catch (error) {
    return { kind: 'none', reason: error instanceof Error ? error.message : undefined };
  }
}

export function FoundPicture({ camera }: { readonly camera: DiscoveredCamera }): VNode {
  const picture = pictures.value.get(camera.xaddr) ?? { kind: 'none', reason: undefined };
  const name = camera.name ?? camera.address;
  if (picture.kind === 'movie') return <Movie base64={picture.base64} name={name} />;
  return (
    <span class="picture" title={picture.kind === 'none' ? picture.reason : undefined}>
      {picture.kind === 'waiting' ? (
        <>
          <span class="spinner" />
          <span class="hidden-text">{t('preview.loading')}</span>
        </>
      ) : (
        t('preview.none')
      )}
    </span>
  );
}

function Movie({ base64, name }: { readonly base64: string; readonly name: string }): VNode {
  const url = useMovie(base64);
  const [failed, setFailed] = useState(false);
  return (
    <span class="picture">
      {failed ? (
        t('preview.none')
      ) : (
        <video
          src={url}
          muted
          playsInline
          preload="auto"
          aria-label={t('preview.label', { name })}
          onError={() => url !== '' && setFailed(true)}
        />
      )}
    </span>
  );
}
