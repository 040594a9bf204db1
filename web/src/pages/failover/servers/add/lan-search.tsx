/** Servers that announce themselves on the LAN: a hint, which fills in address and port. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { serversApi, type FoundServer } from '../../../../api/servers.ts';
import { t } from '../../../../messages/adding/words.ts';
import { FormError } from '../../../../ui/field.tsx';
import { ModeLabel } from '../server-chip.tsx';
import { FoundChip } from '../batch/found-chip.tsx';
import { foundState } from '../batch/row-state.ts';
import { ownSide } from '../batch/own-side.ts';

const SECONDS = 3;
const TICK_MS = 100;
export type Search =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly share: number }
  | { readonly kind: 'done'; readonly found: readonly FoundServer[] }
  | { readonly kind: 'failed'; readonly error: unknown };

export function useLanSearch(): readonly [Search, () => Promise<void>] {
  const [search, setSearch] = useState<Search>({ kind: 'idle' });
  const run = async (): Promise<void> => {
    const began = Date.now();
    setSearch({ kind: 'running', share: 0 });
    const timer = setInterval(() => {
      setSearch({ kind: 'running', share: Math.min(1, (Date.now() - began) / (SECONDS * 1000)) });
    }, TICK_MS);
    try {
      const found = await serversApi.search(SECONDS);
      setSearch({ kind: 'done', found });
    } catch (error) {
      setSearch({ kind: 'failed', error });
    } finally {
      clearInterval(timer);
    }
  };
  return [search, run];
}

export function SearchProgress({ share }: { readonly share: number }): VNode {
  return (
    <div class="stack" role="status">
      <progress value={share} aria-label={t('searching')} />
      <span class="muted small">{t('searching')}</span>
    </div>
  );
}

type Props = { readonly chosen: string; readonly onChoose: (found: FoundServer) => void };
export function LanSearch({ chosen, onChoose }: Props): VNode {
  const [search, run] = useLanSearch();
  useEffect(() => void run(), []);
  switch (search.kind) {
    case 'idle':
      return <></>;
    case 'running':
      return <SearchProgress share={search.share} />;
    case 'failed':
      return <FormError error={search.error} />;
    default:
      return <Hits found={search.found} chosen={chosen} onChoose={onChoose} onAgain={() => void run()} />;
  }
}

type HitsProps = Props & { readonly found: readonly FoundServer[]; readonly onAgain: () => void };
function Hits({ found, chosen, onChoose, onAgain }: HitsProps): VNode {
  return (
    <div class="stack">
      {found.length === 0 && <p class="muted">{t('nothingFound')}</p>}
      {found.length > 0 && (
        <ul class="hits">
          {found.map((hit) => (
            <li key={hit.id}>
              <button
                type="button"
                aria-pressed={hit.addresses.includes(chosen)}
                onClick={() => onChoose(hit)}
                disabled={hit.known}
              >
                <span class="grow">
                  <span class="strong">{hit.name}</span>{' '}
                  <span class="muted small">
                    {[hit.addresses[0], hit.model, hit.version].filter(Boolean).join(' · ')}
                  </span>
                </span>
                <ModeLabel mode={hit.mode} />
                <FoundChip state={foundState(hit, ownSide())} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div>
        <button type="button" class="button" onClick={onAgain}>
          {t('searchAgain')}
        </button>
      </div>
    </div>
  );
}
