/** Asks before a page is left on which something is not saved. Rendered only while that is so. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { holdBack } from '../app/router.ts';
import { ConfirmDialog } from './dialog.tsx';

type Props = { readonly title: string; readonly text: string; readonly leave: string };
export function LeaveGuard({ title, text, leave }: Props): VNode | null {
  const [wanted, setWanted] = useState<{ readonly go: () => void }>();
  useEffect(() => holdBack((go) => setWanted({ go })), []);
  if (wanted === undefined) return null;
  const onConfirm = async (): Promise<void> => {
    setWanted(undefined);
    wanted.go();
  };
  return (
    <ConfirmDialog title={title} confirm={leave} danger onConfirm={onConfirm} onClose={() => setWanted(undefined)}>
      <p>{text}</p>
    </ConfirmDialog>
  );
}
