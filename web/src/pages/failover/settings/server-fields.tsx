/** The failover settings of one server, card by card. */
import type { VNode } from 'preact';
import { t, tOr } from '../../../messages/failover-settings/words.ts';
import { CheckField, SelectField, TextField } from '../../../ui/field.tsx';
import { Card } from './draft-form.tsx';
import type { Draft } from './draft.ts';
import {
  FOOTAGE,
  NUMBER_LIMITS,
  SHORTAGE,
  spanOf,
  timeoutField,
  TIMEOUT_LIMITS,
  TIMEOUTS,
  TRANSPORTS,
  type Limit,
  type NumberField,
  type Trouble,
} from './fields.ts';

export type Fields = {
  readonly draft: Draft;
  readonly troubles: ReadonlyMap<string, Trouble>;
  readonly set: (name: string, text: string) => void;
  /** Fields that the site decides. */
  readonly decided: ReadonlySet<string>;
};

export const spanWords = (seconds: number): string => {
  const { n, unit } = spanOf(seconds);
  return t(n === 1 ? `span.${unit}One` : `span.${unit}`, { n });
};

export function troubleWords(trouble: Trouble | undefined): string | undefined {
  switch (trouble?.kind) {
    case undefined:
      return undefined;
    case 'limits':
      return t('trouble.limits', trouble);
    case 'never-or':
      return t('trouble.neverOr', trouble);
    case 'positive':
      return t('trouble.positive');
    case 'time':
      return t('trouble.time');
    case 'address':
      return t('trouble.address');
    case 'long':
      return t('trouble.long', trouble);
    default:
      return trouble satisfies never;
  }
}

export function TimeoutCard(fields: Fields): VNode {
  const { draft, troubles, set } = fields;
  return (
    <Card title={t('card.timeouts')} hint={t('timeouts.hint')}>
      {TIMEOUTS.map((name) => {
        const field = timeoutField(name);
        const limit = TIMEOUT_LIMITS[name];
        const value = Number(draft[field]);
        return (
          <div key={name} class="timeout">
            <div class="grow">
              <TextField
                label={t(`timeout.${name}`)}
                type="number"
                value={draft[field] ?? ''}
                onInput={(text) => set(field, text)}
                error={limitError(troubles.get(field), limit)}
                hint={t(`timeoutHint.${name}`)}
              />
            </div>
            <span class="timeout-more small muted">
              {value > 0 && <span class="strong">{`= ${spanWords(value)}`}</span>}
              <span>{limitWords(limit)}</span>
              {value !== limit.default && (
                <button type="button" class="link-button" onClick={() => set(field, String(limit.default))}>
                  {t('timeouts.reset', { value: spanWords(limit.default) })}
                </button>
              )}
            </span>
          </div>
        );
      })}
    </Card>
  );
}
const limitWords = ({ min, max, default: usual }: Limit): string =>
  t('timeouts.limits', { min: spanWords(min), max: spanWords(max), usual: spanWords(usual) });
function limitError(trouble: Trouble | undefined, { min, max }: Limit): string | undefined {
  if (trouble === undefined) return undefined;
  return t('trouble.seconds', { min, max, least: spanWords(min), most: spanWords(max) });
}

export function TakeoverCard(fields: Fields): VNode {
  return (
    <Card title={t('card.takeover')}>
      <Flag {...fields} name="automaticTakeover" />
      <Flag {...fields} name="automaticRestore" />
      <Choice {...fields} name="shortagePolicy" options={SHORTAGE} />
      <Flag {...fields} name="oneServerAtATime" />
      <div class="columns">
        <NumberOf {...fields} name="maxChannels" />
        <NumberOf {...fields} name="holdDownSeconds" />
      </div>
    </Card>
  );
}

export function FootageCard(fields: Fields): VNode {
  const { draft, troubles, set } = fields;
  return (
    <Card title={t('card.footage')}>
      <Choice {...fields} name="footagePolicy" options={FOOTAGE} />
      {draft['footagePolicy'] === 'return' && <Choice {...fields} name="transport" options={TRANSPORTS} />}
      <TextField
        label={t('field.restorationLimit')}
        hint={t('hint.restorationLimit')}
        value={draft['restorationLimit'] ?? ''}
        type="number"
        step="any"
        error={troubleWords(troubles.get('restorationLimit'))}
        onInput={(text) => set('restorationLimit', text)}
      />
    </Card>
  );
}

export function ReadinessCard(fields: Fields): VNode {
  return (
    <Card title={t('card.readiness')}>
      <div class="columns">
        <NumberOf {...fields} name="hotSeconds" />
        <NumberOf {...fields} name="probeMinutes" />
        <NumberOf {...fields} name="drillDays" />
        <NumberOf {...fields} name="takeHostAfterSeconds" />
      </div>
    </Card>
  );
}

export function Flag({ draft, set, name, decided }: Fields & { readonly name: string }): VNode {
  return (
    <fieldset disabled={decided.has(name)}>
      <CheckField
        label={tOr(`field.${name}`, name)}
        hint={hintOf(name, decided)}
        checked={draft[name] === 'yes'}
        onChange={(checked) => set(name, checked ? 'yes' : 'no')}
      />
    </fieldset>
  );
}

type ChoiceProps = Fields & { readonly name: string; readonly options: readonly string[] };
export function Choice({ draft, set, name, options, decided }: ChoiceProps): VNode {
  const value = draft[name] ?? '';
  const hint = decided.has(name) ? t('decided.hint') : tOr(`${name}Hint.${value}`, '');
  return (
    <fieldset disabled={decided.has(name)}>
      <SelectField
        label={tOr(`field.${name}`, name)}
        value={value}
        options={options.map((option) => [option, tOr(`${name}.${option}`, option)])}
        onChange={(next) => set(name, next)}
        hint={hint}
      />
    </fieldset>
  );
}

export function NumberOf({ draft, troubles, set, name }: Fields & { readonly name: NumberField }): VNode {
  const { min, max, default: usual } = NUMBER_LIMITS[name];
  return (
    <TextField
      label={t(`field.${name}`)}
      hint={`${t(`hint.${name}`)} ${t('number.limits', { min, max, usual })}`}
      value={draft[name] ?? ''}
      type="number"
      error={troubleWords(troubles.get(name))}
      onInput={(text) => set(name, text)}
    />
  );
}

const hintOf = (name: string, decided: ReadonlySet<string>): string =>
  decided.has(name) ? t('decided.hint') : tOr(`hint.${name}`, '');
