/** The matrix with what stands around it: filter, opening and closing, what can be done with what is chosen. */
import type { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { can } from '../../../app/session.ts';
import { attempt, toast } from '../../../app/toasts.tsx';
import { t } from '../../../messages/protection/words.ts';
import { NOTHING_SELECTED, type Selection } from '../../../ui/selection.ts';
import { AskFirst, needsAsking } from './ask-first.tsx';
import { changeCameras } from './edits.ts';
import { MatrixTable } from './matrix-table.tsx';
import { Chosen, Tools } from './matrix-bar.tsx';
import { type Camera, type Edit, type Facts, type Matrix } from './model.ts';
import { chosenCameras, chosenServers, linesOf } from './rows.ts';

type Props = {
  readonly matrix: Matrix;
  readonly facts: Facts;
  readonly onOpenSpare: (id: string) => void;
  readonly onAsk: (serverIds: readonly string[]) => void;
  readonly onChanged: () => void;
};
/** Of a small site all servers stand open at first. */
const OPEN_UP_TO = 150;

export function MatrixView({ matrix, facts, onOpenSpare, onAsk, onChanged }: Props): VNode {
  const [opened, setOpened] = useState<ReadonlySet<string>>();
  const [text, setText] = useState('');
  const [onlyLeft, setOnlyLeft] = useState(false);
  const [selection, setSelection] = useState<Selection>(NOTHING_SELECTED);
  const [asked, setAsked] = useState<{ readonly cameras: readonly Camera[]; readonly change: Edit }>();
  const open = useMemo(() => opened ?? openAtFirst(matrix), [opened, matrix]);
  const lines = useMemo(() => linesOf(matrix, open, { text, onlyLeft }), [matrix, open, text, onlyLeft]);
  const chosen = useMemo(() => chosenCameras(matrix, selection.ids), [matrix, selection]);
  const isEditable = (camera: Camera): boolean => mayChange(facts, camera);
  const apply = async (cameras: readonly Camera[], change: Edit): Promise<void> => {
    const done = await attempt(() => changeCameras(cameras, change));
    if (done) toast(t(cameras.length === 1 ? 'edit.doneOne' : 'edit.doneMany', { n: cameras.length }));
    onChanged();
  };
  const change = (cameras: readonly Camera[], wanted: Edit): void => {
    if (needsAsking(cameras, wanted)) setAsked({ cameras, change: wanted });
    else void apply(cameras, wanted);
  };
  const servers = chosenServers(matrix, selection.ids);
  return (
    <>
      <div class="matrix-tools">
        {selection.ids.size > 0 ? (
          <Chosen
            cameras={chosen.filter(isEditable)}
            all={chosen.length}
            onChange={(wanted) => change(chosen.filter(isEditable), wanted)}
            onAsk={servers.length > 0 && matrix.hasPlan ? () => onAsk(servers.map(({ id }) => id)) : undefined}
            onClear={() => setSelection(NOTHING_SELECTED)}
          />
        ) : (
          <Tools
            text={text}
            onText={setText}
            onlyLeft={onlyLeft}
            onOnlyLeft={setOnlyLeft}
            isAllOpen={open.size >= matrix.rows.length}
            onOpenAll={(all) => setOpened(new Set(all ? matrix.rows.map(({ id }) => id) : []))}
          />
        )}
      </div>
      <MatrixTable
        lines={lines}
        spares={matrix.spares}
        known={facts.known}
        open={open}
        selection={selection}
        isEditable={isEditable}
        onSelect={setSelection}
        onToggle={(id) => setOpened(toggled(open, id))}
        onOpenSpare={onOpenSpare}
        onChange={(camera, wanted) => change([camera], wanted)}
      />
      {asked !== undefined && (
        <AskFirst {...asked} onClose={() => setAsked(undefined)} onConfirm={() => apply(asked.cameras, asked.change)} />
      )}
    </>
  );
}

/** At its own server, or through its host. */
const mayChange = ({ own, site }: Facts, { serverId }: Camera): boolean =>
  can('change') && (serverId === own.id || site?.isHost === true);

function openAtFirst({ rows }: Matrix): ReadonlySet<string> {
  const cameras = rows.reduce((sum, row) => sum + row.cameras.length, 0);
  return new Set(cameras <= OPEN_UP_TO ? rows.map(({ id }) => id) : []);
}
function toggled(open: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(open);
  if (!next.delete(id)) next.add(id);
  return next;
}
