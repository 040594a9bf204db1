/** The list of servers that one failover server protects, and no others; set by the owner at the host. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { protectionApi } from '../../../api/protection.ts';
import { ApiError, type Tagged } from '../../../api/client.ts';
import type { SiteView } from '../../../api/protection.ts';
import { toast } from '../../../app/toasts.tsx';
import { t as shell } from '../../../messages/messages.ts';
import { t } from '../../../messages/protection/words.ts';
import { Notice } from '../../../ui/dialog.tsx';
import { FormError } from '../../../ui/field.tsx';
import { byName, type Facts, type Matrix, type Spare } from './model.ts';
import { ServerPicker, type Pickable } from './server-picker.tsx';
import type { SpareProps } from './spare-dialog.tsx';

/** Undefined: all servers. */
type List = readonly string[] | undefined;

export function ListForm({ spare, matrix, facts, site, onChanged, onClose }: SpareProps): VNode {
  const rows = protectableOf(spare, matrix, facts);
  const saved = (): void => {
    toast(t('list.saved', { name: spare.name }));
    onChanged();
    onClose();
  };
  const form = useListForm(spare, site, saved);
  const { mine, setMine, theirs } = form;
  return (
    <form
      class="stack list-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        form.save();
      }}
    >
      <h3>{t('list.title')}</h3>
      <FormError error={form.error} />
      {theirs !== undefined && <Conflict mine={mine} theirs={theirs.list} rows={rows} onTake={form.takeTheirs} />}
      <label class="check">
        <input type="radio" name="list" checked={mine === undefined} onChange={() => setMine(undefined)} />
        <span>
          {t('list.all')}
          <small>{t('list.allHint')}</small>
        </span>
      </label>
      <label class="check">
        <input
          type="radio"
          name="list"
          checked={mine !== undefined}
          onChange={() => setMine(rows.map(({ id }) => id))}
        />
        <span>{t('list.only')}</span>
      </label>
      {mine !== undefined && (
        <ServerPicker
          label={t('list.servers')}
          servers={rows}
          chosen={new Set(mine)}
          onChange={(next) => setMine([...next])}
        />
      )}
      {mine?.length === 0 && <Notice tone="warn">{t('list.nobodyWarning', { name: spare.name })}</Notice>}
      <div class="row end">
        <button type="submit" class="button primary" disabled={form.isBusy || isSame(mine, spare.list)}>
          {theirs === undefined ? shell('common.save') : t('conflict.saveMine')}
        </button>
      </div>
    </form>
  );
}

type Form = {
  readonly mine: List;
  readonly setMine: (list: List) => void;
  readonly theirs: { readonly list: List } | undefined;
  readonly takeTheirs: () => void;
  readonly error: unknown;
  readonly isBusy: boolean;
  readonly save: () => void;
};
function useListForm({ id, list }: Spare, site: Tagged<SiteView>, saved: () => void): Form {
  /** As it was when the form was opened; what the page shows by now may be theirs already. */
  const [before] = useState<List>(list);
  const [mine, setMine] = useState<List>(list);
  const [tag, setTag] = useState(site.tag);
  const [theirs, setTheirs] = useState<{ readonly list: List }>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const send = async (withTag: string | undefined): Promise<void> => {
    await protectionApi.changeSite({ protection: { [id]: mine === undefined ? null : [...mine] } }, withTag);
    saved();
  };
  /** Somebody changed the site: if it was not this list, nothing speaks against ours. */
  const lookAgain = async (): Promise<void> => {
    const now = await protectionApi.site();
    const present = listIn(now.value, id);
    setTag(now.tag);
    if (isSame(present, (theirs ?? { list: before }).list)) await send(now.tag);
    else setTheirs({ list: present });
  };
  const save = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await send(tag).catch(async (failure: unknown) => {
        if (!(failure instanceof ApiError) || failure.problem.status !== 412) throw failure;
        await lookAgain();
      });
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  };
  const takeTheirs = (): void => {
    setMine(theirs?.list);
    setTheirs(undefined);
  };
  return { mine, setMine, theirs, takeTheirs, error, isBusy, save: () => void save() };
}

const listIn = ({ protection }: SiteView, spareId: string): List =>
  protection.find(({ failoverServerId }) => failoverServerId === spareId)?.serverIds;

type ConflictProps = {
  readonly mine: List;
  readonly theirs: List;
  readonly rows: readonly Pickable[];
  readonly onTake: () => void;
};
function Conflict({ mine, theirs, rows, onTake }: ConflictProps): VNode {
  const nameOf = (id: string): string => rows.find((row) => row.id === id)?.name ?? id.slice(0, 8);
  const words = (list: List): string => {
    if (list === undefined) return t('list.all');
    return list.length === 0 ? t('list.nobody') : list.map(nameOf).toSorted().join(', ');
  };
  return (
    <Notice tone="warn">
      <p>{t('conflict.text')}</p>
      <dl class="facts">
        <dt>{t('conflict.yours')}</dt>
        <dd>{words(mine)}</dd>
        <dt>{t('conflict.theirs')}</dt>
        <dd>{words(theirs)}</dd>
      </dl>
      <button type="button" class="button" onClick={onTake}>
        {t('conflict.takeTheirs')}
      </button>
    </Notice>
  );
}

/** Recording servers, and the host for its own cameras. */
function protectableOf(spare: Spare, { rows }: Matrix, { status, site }: Facts): readonly Pickable[] {
  const known = new Map(rows.map(({ id, name }) => [id, name]));
  for (const { id, name, mode } of status) if (mode === 'recording' || id === site?.host?.id) known.set(id, name);
  known.delete(spare.id);
  return [...known].map(([id, name]) => ({ id, name })).toSorted(byName);
}

function isSame(a: List, b: List): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.toSorted().join() === b.toSorted().join();
}
