/**
 * Before servers are disabled, leave the site or are forgotten: what ends by it, footage secured first unless the name is typed. Whatever
 * the box refuses stays in the list with its words.
 */
import type { VNode } from 'preact';
import { t } from '../../../messages/servers/words.ts';
import { Dialog, Notice } from '../../../ui/dialog.tsx';
import { FormError, SelectField, TextField } from '../../../ui/field.tsx';
import type { DialogPart } from './dialogs.tsx';
import { Foot } from './foot.tsx';
import type { Ending, RowOutcome } from './open.ts';
import { RiskList } from './risk-list.tsx';
import type { Named, ServerRow } from './rows.ts';
import { ServerChip } from './server-chip.tsx';
import { useEnding, type EndingState, type How } from './use-ending.ts';

export function EndingDialog({ open: { action, ids }, onClose }: DialogPart<'ending'>): VNode {
  const ending = useEnding(action, ids, onClose);
  const { left, held, busy, isReady } = ending;
  const foot = (
    <Foot onClose={onClose} main={t(`ending.${action}.do`)} isReady={isReady} busy={busy} danger>
      {held.length > 0 && (
        <a class="button start" href="/failover/activity">
          {t('ending.activity')}
        </a>
      )}
    </Foot>
  );
  return (
    <Dialog title={titleOf(action, left)} onClose={onClose} foot={foot} onSubmit={() => void ending.go()}>
      <Body action={action} ending={ending} />
    </Dialog>
  );
}

function titleOf(action: Ending, left: readonly ServerRow[]): string {
  const [only] = left;
  if (left.length === 1 && only !== undefined) return t(`ending.${action}.title`, { name: only.name });
  return t(`ending.${action}.titleMany`, { n: left.length });
}

type BodyProps = { readonly action: Ending; readonly ending: EndingState };
function Body({ action, ending }: BodyProps): VNode {
  const { left, untold, held, risks, mustType, typed, type, error, outcomes } = ending;
  const areUntold = untold.length > 0 && untold.length === left.length;
  return (
    <>
      <FormError error={error} />
      <p>{t(areUntold ? 'ending.untold' : `ending.${action}.text`)}</p>
      {action === 'detach' && !areUntold && left.some(({ mode }) => mode !== 'failover') && <Cameras ending={ending} />}
      <Servers rows={left} outcomes={outcomes} />
      {held.length > 0 && (
        <Notice tone="bad">
          <p class="strong">{t(`ending.${action}.risk`)}</p>
          {risks.length > 0 ? <RiskList risks={risks} /> : held.map((row) => <p key={row.id}>{workOf(row)}</p>)}
        </Notice>
      )}
      {ending.canForce && action !== 'forget' && <HowField action={action} how={ending.how} onChange={ending.setHow} />}
      {mustType.map(({ id, name }) => (
        <TextField
          key={id}
          label={t('typeName', { name })}
          value={typed[id] ?? ''}
          onInput={(text) => type(id, text)}
        />
      ))}
    </>
  );
}

/** As far as the list tells: the hours and bytes were not told. */
function workOf({ name, covers, coveredBy }: ServerRow): string {
  const names = (all: readonly Named[]): string => all.map((one) => one.name).join(', ');
  if (covers.length > 0) return `${name}: ${t('note.covers', { names: names(covers) })}`;
  return coveredBy.length > 0 ? `${name}: ${t('note.coveredBy', { names: names(coveredBy) })}` : name;
}

function Cameras({ ending: { cameras, setCameras } }: Pick<BodyProps, 'ending'>): VNode {
  return (
    <SelectField
      label={t('ending.cameras')}
      value={cameras}
      onChange={setCameras}
      options={[
        ['keep', t('ending.keep')],
        ['remove', t('ending.remove')],
      ]}
      hint={t('ending.camerasHint')}
    />
  );
}

type ServersProps = { readonly rows: readonly ServerRow[]; readonly outcomes: readonly RowOutcome[] };
function Servers({ rows, outcomes }: ServersProps): VNode | null {
  if (rows.length === 1 && outcomes.length === 0) return null;
  return (
    <ul class="outcomes" role="status">
      {rows.map(({ id, name, state }) => {
        const outcome = outcomes.find((one) => one.id === id);
        return (
          <li key={id}>
            <span class="strong cut">{name}</span>
            <ServerChip state={state} />
            {outcome?.message !== undefined && <p class="bad">{outcome.message}</p>}
          </li>
        );
      })}
    </ul>
  );
}

type HowProps = {
  readonly action: Exclude<Ending, 'forget'>;
  readonly how: How;
  readonly onChange: (how: How) => void;
};
function HowField({ action, how, onChange }: HowProps): VNode {
  return (
    <fieldset class="stack">
      <legend>{t('ending.how')}</legend>
      {(['secure', 'now'] as const).map((key) => (
        <label key={key} class="check option">
          <input type="radio" name="how" checked={how === key} onChange={() => onChange(key)} />
          <span>
            <span class="strong">{t(`ending.${key}`)}</span>
            <small>{t(key === 'now' ? `ending.${action}.now` : 'ending.secureText')}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
