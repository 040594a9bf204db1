/** The first step: what was found on the LAN, and addresses that are typed. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { serversApi } from '../../../../api/servers.ts';
import { plural, t } from '../../../../messages/adding/words.ts';
import { Notice } from '../../../../ui/dialog.tsx';
import { FormError, TextField } from '../../../../ui/field.tsx';
import { SearchProgress, useLanSearch } from '../add/lan-search.tsx';
import { ModeLabel } from '../server-chip.tsx';
import { EnableRow } from './enable-row.tsx';
import { FoundChip } from './found-chip.tsx';
import { isAddable } from './row-state.ts';
import { candidateOf, MAX_ROWS, type Batch, type Candidate } from './use-batch.ts';

export function Choose({ batch }: { readonly batch: Batch }): VNode {
  const [search, run] = useLanSearch();
  const { plan, set, picked } = batch;
  useEffect(() => {
    if (plan.candidates.length === 0) void run();
  }, []);
  useEffect(() => {
    if (search.kind !== 'done') return;
    const found = search.found.map(candidateOf);
    const keys = new Set(found.map(({ key }) => key));
    set(({ candidates, chosen }) => {
      const all = [...found, ...candidates.filter(({ key }) => !keys.has(key))];
      // What was chosen and can no longer be added could not be taken back: its box is disabled.
      const open = all.filter(({ key, state }) => chosen.has(key) && isAddable(state));
      return { candidates: all, chosen: new Set(open.map(({ key }) => key)) };
    });
  }, [search]);
  const addable = plan.candidates.filter(({ state }) => isAddable(state));
  const chooseAll = (all: boolean): void =>
    set({ chosen: new Set(all ? addable.slice(0, MAX_ROWS).map(({ key }) => key) : []) });
  return (
    <>
      {search.kind === 'running' && <SearchProgress share={search.share} />}
      {search.kind === 'failed' && <FormError error={search.error} />}
      {search.kind === 'done' && plan.candidates.length === 0 && <p class="muted">{t('nothingFound')}</p>}
      {plan.candidates.length > 0 && (
        <>
          <div class="row wrap">
            <span class="grow" role="status">
              {t('batch.chosen', { n: picked.length, all: addable.length })}
            </span>
            <button type="button" class="button" onClick={() => chooseAll(true)}>
              {t('batch.all')}
            </button>
            <button type="button" class="button" onClick={() => chooseAll(false)}>
              {t('batch.none')}
            </button>
            <button type="button" class="button" disabled={search.kind === 'running'} onClick={() => void run()}>
              {t('searchAgain')}
            </button>
          </div>
          <Candidates batch={batch} />
        </>
      )}
      {picked.length > MAX_ROWS && <Notice tone="warn">{plural(MAX_ROWS, 'batch.tooMany', 'batch.tooMany')}</Notice>}
      <TypedPlace batch={batch} />
    </>
  );
}

function Candidates({ batch: { plan, set } }: { readonly batch: Batch }): VNode {
  const toggle = (key: string, on: boolean): void => {
    const chosen = new Set(plan.chosen);
    if (on) chosen.add(key);
    else chosen.delete(key);
    set({ chosen });
  };
  const enabled = (key: string): void =>
    set(({ candidates }) => ({
      candidates: candidates.map((one) => (one.key === key ? { ...one, state: 'available' } : one)),
    }));
  const updateFirst = (key: string): void =>
    set(({ candidates, chosen }) => ({
      candidates: candidates.map((one) => (one.key === key ? { ...one, state: 'available', updateFirst: true } : one)),
      chosen: new Set([...chosen, key]),
    }));
  return (
    <ul class="hits tall">
      {plan.candidates.map((one) => (
        <li key={one.key}>
          <label class="check grow">
            <input
              type="checkbox"
              disabled={!isAddable(one.state)}
              checked={plan.chosen.has(one.key)}
              onChange={(event) => toggle(one.key, event.currentTarget.checked)}
            />
            <span class="grow">
              <span class="strong">{one.name}</span>{' '}
              <span class="muted small">{[one.host, one.model, one.version].filter(Boolean).join(' · ')}</span>
              {!isAddable(one.state) && <small>{t(`found.${one.state}.text`)}</small>}
              {one.updateFirst && <small>{t('found.updateFirst')}</small>}
            </span>
          </label>
          {one.mode !== undefined && <ModeLabel mode={one.mode} />}
          <FoundChip state={one.state} />
          {one.state === 'older' && (
            <button type="button" class="button small-button" onClick={() => updateFirst(one.key)}>
              {t('found.older.do')}
            </button>
          )}
          {one.state === 'off' && <EnableRow one={one} onDone={() => enabled(one.key)} />}
        </li>
      ))}
    </ul>
  );
}

/** One that does not announce itself: asked for its certificate, nothing else. */
function TypedPlace({ batch: { set } }: { readonly batch: Batch }): VNode {
  const [host, setHost] = useState('');
  const [port, setPort] = useState('51443');
  const [problem, setProblem] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const add = async (): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      const { checks, httpsFingerprint } = await serversApi.test({ host: host.trim(), httpPort: Number(port) });
      const failed = checks.find(({ ok, code }) => !ok && code !== undefined);
      if (failed !== undefined || httpsFingerprint === undefined) throw new Error(failed?.detail ?? t('nothingFound'));
      const one = typedCandidate(host.trim(), Number(port), httpsFingerprint);
      set(({ candidates, chosen }) => ({
        candidates: [...candidates.filter(({ key }) => key !== one.key), one],
        chosen: new Set([...chosen, one.key]),
      }));
      setHost((typed) => (typed === host ? '' : typed));
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };
  return (
    <fieldset class="stack">
      <legend>{t('batch.typed')}</legend>
      <div class="place-form">
        <TextField label={t('address')} value={host} onInput={setHost} placeholder="192.168.1.20" />
        <TextField label={t('httpPort')} value={port} onInput={setPort} type="number" />
        <button type="button" class="button" disabled={busy || host.trim() === ''} onClick={() => void add()}>
          {busy && <span class="spinner" />}
          {t('batch.addPlace')}
        </button>
      </div>
      <FormError error={problem} />
    </fieldset>
  );
}

const typedCandidate = (host: string, httpPort: number, fingerprint: string): Candidate => ({
  key: `${host}:${httpPort}`,
  name: host,
  host,
  httpPort,
  fingerprint,
  model: undefined,
  version: undefined,
  mode: undefined,
  state: 'available',
});
