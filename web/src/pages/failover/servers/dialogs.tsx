/** The dialogs of the page: loaded when they are first opened. */
import type { ComponentType, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { toast } from '../../../app/toasts.tsx';
import { t as shellWords, wordsReady } from '../../../messages/messages.ts';
import { NOTHING, type Open, type SetOpen } from './open.ts';

type Kind = Exclude<Open['kind'], 'nothing'>;
export type DialogPart<K extends Kind> = {
  readonly open: Extract<Open, { kind: K }>;
  readonly setOpen: SetOpen;
  readonly onClose: () => void;
};
type Part = ComponentType<{ readonly open: Open; readonly setOpen: SetOpen; readonly onClose: () => void }>;
const PARTS: { readonly [K in Kind]: () => Promise<ComponentType<DialogPart<K>>> } = {
  add: async () => (await import('./add/add-dialog.tsx')).AddDialog,
  batch: async () => (await import('./batch/batch-dialog.tsx')).BatchDialog,
  mode: async () => (await import('./mode-dialog.tsx')).ModeDialog,
  details: async () => (await import('./details.tsx')).Details,
  edit: async () => (await import('./edit-dialog.tsx')).EditDialog,
  authorize: async () => (await import('./add/authorize-dialog.tsx')).AuthorizeDialog,
  ending: async () => (await import('./ending-dialog.tsx')).EndingDialog,
  results: async () => (await import('./results-dialog.tsx')).ResultsDialog,
};

type Props = { readonly open: Open; readonly setOpen: SetOpen };
export function Dialogs({ open, setOpen }: Props): VNode | null {
  const [parts, setParts] = useState<ReadonlyMap<Kind, Part>>(new Map());
  const { kind } = open;
  const Shown = kind === 'nothing' ? undefined : parts.get(kind);
  useEffect(() => {
    if (kind === 'nothing' || Shown !== undefined) return undefined;
    const look = { isOver: false };
    const fetchPart = async (): Promise<void> => {
      const part = await load(kind);
      if (look.isOver) return;
      if (part === undefined) setOpen(NOTHING);
      else setParts((before) => new Map(before).set(kind, part));
    };
    void fetchPart();
    return () => {
      look.isOver = true;
    };
  }, [kind]);
  if (Shown === undefined) return null;
  return <Shown key={JSON.stringify(open)} open={open} setOpen={setOpen} onClose={() => setOpen(NOTHING)} />;
}

async function load(kind: Kind): Promise<Part | undefined> {
  try {
    const part = await PARTS[kind]();
    await wordsReady();
    return part as Part;
  } catch {
    toast(shellWords('shell.partMissingText'), 'bad'); // after an update the old file name is gone
    return undefined;
  }
}
