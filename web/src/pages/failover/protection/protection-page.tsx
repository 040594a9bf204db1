/** Who covers whom, how ready, and what would happen if servers died now. */
import type { VNode } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Plan } from '../../../api/protection.ts';
import { query, setQuery } from '../../../app/router.ts';
import { server } from '../../../app/stores.ts';
import { messageOf, toast } from '../../../app/toasts.tsx';
import { t } from '../../../messages/protection/words.ts';
import { Empty, Notice } from '../../../ui/dialog.tsx';
import { FailoverPage } from '../failover-page.tsx';
import { useKnown, useLoaded, type Loaded } from './data.ts';
import { edits, forgetShown } from './edits.ts';
import { MatrixView } from './matrix-view.tsx';
import { matrixOf, withEdits, type Facts, type Matrix, type OwnBox } from './model.ts';
import type { SpareDialog } from './spare-dialog.tsx';
import { Spares, Summary } from './summary.tsx';
import type { WhatIf } from './what-if.tsx';
import './protection.css';

export function ProtectionPage(): VNode {
  const box = server.value;
  return (
    <FailoverPage fill>
      {box === undefined ? <Waiting /> : <Protection own={{ id: box.id, name: box.name, mode: box.mode }} />}
    </FailoverPage>
  );
}

function Protection({ own }: { readonly own: OwnBox }): VNode {
  const { value, error, refresh } = useLoaded(own);
  const { value: known = NOTHING_KNOWN, refresh: refreshKnown } = useKnown(askedServers(own, value));
  useEffect(() => {
    const look = (): void => {
      if (value !== undefined) forgetShown(value.plan, Date.now());
    };
    look();
    const timer = setInterval(look, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [value]);
  const waiting = edits.value;
  const facts = useMemo(
    (): Facts | undefined =>
      value && { ...value, own, known, site: value.site.value, plan: withEdits(value.plan, waiting) },
    [value, known, waiting, own.id, own.name, own.mode],
  );
  const matrix = useMemo(() => facts && matrixOf(facts), [facts]);
  if (value === undefined || facts === undefined || matrix === undefined)
    return error === undefined ? <Waiting /> : <Notice tone="bad">{messageOf(error)}</Notice>;
  const changed = (): void => {
    refresh();
    refreshKnown();
  };
  return (
    <div class="protection">
      {error !== undefined && <Notice tone="warn">{t('page.stale', { problem: messageOf(error) })}</Notice>}
      <Shown matrix={matrix} facts={facts} loaded={value} onChanged={changed} />
    </div>
  );
}
/** For changes that the plan never shows. */
const LOOK_EVERY_MS = 2000;
const NOTHING_KNOWN: Facts['known'] = new Map();

/** A host asks each failover server that is there; any other box knows what it sees itself. */
function askedServers({ id }: OwnBox, loaded: Loaded | undefined): readonly string[] {
  if (loaded?.site.value.isHost !== true) return [id];
  const there = loaded.status.filter(
    ({ mode, state }) => mode === 'failover' && !['offline', 'disabled'].includes(state),
  );
  return [id, ...there.map((one) => one.id)].filter((one, index, all) => all.indexOf(one) === index);
}

type ShownProps = {
  readonly matrix: Matrix;
  readonly facts: Facts;
  readonly loaded: Loaded;
  readonly onChanged: () => void;
};
function Shown({ matrix, facts, loaded, onChanged }: ShownProps): VNode {
  const [spareId, setSpareId] = useState<string>();
  const asked = query.value.get('if');
  const Dialogs = useDialogs(spareId !== undefined || asked !== null, () => {
    setSpareId(undefined);
    setQuery({ if: undefined });
  });
  const spare = matrix.spares.find(({ id }) => id === spareId);
  if (matrix.spares.length === 0) return <NoSpare isHost={loaded.site.value.isHost} />;
  return (
    <>
      <Summary matrix={matrix} onAsk={() => setQuery({ if: '' })} />
      {!loaded.site.value.isHost && <WhereDecided loaded={loaded} plan={facts.plan} />}
      <Spares spares={matrix.spares} rows={matrix.rows} onOpen={setSpareId} />
      {matrix.rows.length === 0 ? (
        <Empty icon="camera" title={t('empty.noServer')} text={t('empty.noServerText')}>
          <a class="button" href="/failover">
            {t('empty.toServers')}
          </a>
        </Empty>
      ) : (
        <MatrixView
          matrix={matrix}
          facts={facts}
          onOpenSpare={setSpareId}
          onAsk={(ids) => setQuery({ if: ids.join() })}
          onChanged={onChanged}
        />
      )}
      {Dialogs !== undefined && spare !== undefined && (
        <Dialogs.SpareDialog
          spare={spare}
          matrix={matrix}
          facts={facts}
          site={loaded.site}
          onChanged={onChanged}
          onClose={() => setSpareId(undefined)}
        />
      )}
      {Dialogs !== undefined && asked !== null && (
        <Dialogs.WhatIf matrix={matrix} asked={asked} onClose={() => setQuery({ if: undefined })} />
      )}
    </>
  );
}

type Dialogs = { readonly SpareDialog: typeof SpareDialog; readonly WhatIf: typeof WhatIf };
async function loadDialogs(): Promise<Dialogs> {
  const [spare, whatIf] = await Promise.all([import('./spare-dialog.tsx'), import('./what-if.tsx')]);
  return { SpareDialog: spare.SpareDialog, WhatIf: whatIf.WhatIf };
}
/** There soon after the page; whoever opens one before waits that long. One that cannot be loaded is closed: the next click asks anew. */
function useDialogs(isAsked: boolean, close: () => void): Dialogs | undefined {
  const [dialogs, setDialogs] = useState<Dialogs>();
  useEffect(() => {
    if (dialogs !== undefined) return;
    loadDialogs().then(setDialogs, (error: unknown) => {
      if (!isAsked) return;
      toast(messageOf(error), 'bad');
      close();
    });
  }, [isAsked]);
  return dialogs;
}

/** Where the plan is made when it is not made here. */
function WhereDecided({ loaded, plan }: { readonly loaded: Loaded; readonly plan: Plan | undefined }): VNode | null {
  const { host } = loaded.site.value;
  if (host !== undefined) return <Notice>{t('page.atHost', { host: host.name })}</Notice>;
  return (plan?.servers.length ?? 0) === 0 ? <Notice>{t('page.noPlan')}</Notice> : null;
}

function NoSpare({ isHost }: { readonly isHost: boolean }): VNode {
  return (
    <Empty icon="shield" title={t('empty.noSpare')} text={t(isHost ? 'empty.noSpareHost' : 'empty.noSpareText')}>
      <a class="button primary" href="/failover">
        {t('empty.toServers')}
      </a>
    </Empty>
  );
}

function Waiting(): VNode {
  return (
    <div class="empty" aria-busy="true">
      <span class="spinner" />
      <span class="hidden-text">{t('page.loading')}</span>
    </div>
  );
}
