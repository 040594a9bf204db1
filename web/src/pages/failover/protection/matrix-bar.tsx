/** Above the matrix: filter and opening; or, when rows are chosen, what can be done with them. */
import type { VNode } from 'preact';
import type { Level, Priority } from '../../../api/protection.ts';
import { t } from '../../../messages/protection/words.ts';
import { Icon } from '../../../ui/icon.tsx';
import { levelWord, priorityWord } from './cells.tsx';
import { LEVELS, PRIORITIES, type Camera, type Edit } from './model.ts';

type ToolsProps = {
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly onlyLeft: boolean;
  readonly onOnlyLeft: (only: boolean) => void;
  readonly isAllOpen: boolean;
  readonly onOpenAll: (all: boolean) => void;
};
export function Tools({ text, onText, onlyLeft, onOnlyLeft, isAllOpen, onOpenAll }: ToolsProps): VNode {
  return (
    <>
      <input
        type="search"
        class="matrix-filter"
        value={text}
        placeholder={t('tools.filter')}
        aria-label={t('tools.filter')}
        onInput={(event) => onText(event.currentTarget.value)}
      />
      <button type="button" class="button" aria-pressed={onlyLeft} onClick={() => onOnlyLeft(!onlyLeft)}>
        <Icon name="alert" />
        {t('tools.onlyLeft')}
      </button>
      <button type="button" class="button quiet" onClick={() => onOpenAll(!isAllOpen)}>
        {t(isAllOpen ? 'tools.closeAll' : 'tools.openAll')}
      </button>
      <span class="muted small not-phone">{t('tools.hint')}</span>
    </>
  );
}

type ChosenProps = {
  /** Those that may be changed from here. */
  readonly cameras: readonly Camera[];
  readonly all: number;
  readonly onChange: (change: Edit) => void;
  readonly onAsk: (() => void) | undefined;
  readonly onClear: () => void;
};
export function Chosen({ cameras, all, onChange, onAsk, onClear }: ChosenProps): VNode {
  return (
    <>
      <span class="strong">{t(all === 1 ? 'chosen.one' : 'chosen.many', { n: all })}</span>
      {cameras.length > 0 && (
        <>
          <Choice<Priority>
            label={t('column.priority')}
            options={PRIORITIES}
            word={priorityWord}
            onChoose={(priority) => onChange({ priority })}
          />
          <Choice<Level>
            label={t('column.level')}
            options={LEVELS}
            word={levelWord}
            onChoose={(standbyLevel) => onChange({ standbyLevel })}
          />
        </>
      )}
      {cameras.length < all && <span class="muted small">{t('chosen.notHere', { n: all - cameras.length })}</span>}
      {onAsk !== undefined && (
        <button type="button" class="button" onClick={onAsk}>
          {t('whatIf.these')}
        </button>
      )}
      <button type="button" class="button quiet" onClick={onClear}>
        {t('chosen.clear')}
      </button>
    </>
  );
}

type ChoiceProps<V extends string> = {
  readonly label: string;
  readonly options: readonly V[];
  readonly word: (option: V) => string;
  readonly onChoose: (option: V) => void;
};
function Choice<V extends string>({ label, options, word, onChoose }: ChoiceProps<V>): VNode {
  return (
    <span class="row">
      <span class="muted small">{label}</span>
      <span class="segmented" role="group" aria-label={label}>
        {options.map((option) => (
          <button key={option} type="button" onClick={() => onChoose(option)}>
            {word(option)}
          </button>
        ))}
      </span>
    </span>
  );
}
