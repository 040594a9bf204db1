/** How many servers are in which state and mode; a click shows these alone. The choice stands in the address. */
import { computed } from '@preact/signals';
import type { ComponentChildren, VNode } from 'preact';
import { query, setQuery } from '../../../app/router.ts';
import { t } from '../../../messages/servers/words.ts';
import { Icon } from '../../../ui/icon.tsx';
import { countsOf, MODES, STATES, type Filter, type ServerRow } from './rows.ts';
import { MODE_ICONS, TONES } from './server-chip.tsx';

export const filter = computed<Filter>(() => {
  const asked = query.value;
  return {
    state: STATES.find((state) => state === asked.get('state')),
    mode: MODES.find((mode) => mode === asked.get('mode')),
    text: asked.get('q') ?? '',
  };
});

export function Sidebar({ all }: { readonly all: readonly ServerRow[] }): VNode {
  const counts = countsOf(all);
  const { state: shownState, mode: shownMode } = filter.value;
  const choose = (key: 'state' | 'mode', value: string | undefined): void =>
    setQuery({ state: undefined, mode: undefined, [key]: value });
  return (
    <aside class="servers-sidebar" aria-label={t('sidebar')}>
      <Choice
        isShown={shownState === undefined && shownMode === undefined}
        count={all.length}
        onChoose={() => choose('state', undefined)}
      >
        {t('all')}
      </Choice>
      <h2>{t('byState')}</h2>
      {STATES.map((state) => (
        <Choice
          key={state}
          isShown={shownState === state}
          count={counts.get(state) ?? 0}
          onChoose={() => choose('state', state)}
        >
          <span class={`dot ${TONES[state]}`} />
          {t(`state.${state}`)}
        </Choice>
      ))}
      <h2>{t('byMode')}</h2>
      {MODES.map((mode) => (
        <Choice
          key={mode}
          isShown={shownMode === mode}
          count={counts.get(mode) ?? 0}
          onChoose={() => choose('mode', mode)}
        >
          <Icon name={MODE_ICONS[mode]} />
          {t(`mode.${mode}`)}
        </Choice>
      ))}
    </aside>
  );
}

type ChoiceProps = {
  readonly isShown: boolean;
  readonly count: number;
  readonly onChoose: () => void;
  readonly children: ComponentChildren;
};
function Choice({ isShown, count, onChoose, children }: ChoiceProps): VNode {
  return (
    <button type="button" class={count === 0 ? 'none' : ''} aria-pressed={isShown} onClick={onChoose}>
      {children}
      <span class="number">{count}</span>
    </button>
  );
}
