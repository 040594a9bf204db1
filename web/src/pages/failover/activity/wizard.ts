/** The steps of replacing a server, and what leads from one to the next. Does not: how they look (replace-wizard.tsx). */
import { useState } from 'preact/hooks';
import { activityApi, type ReplaceServerResult } from '../../../api/activity.ts';
import type { Spare } from './activity-data.ts';

export const STEPS = ['choose', 'compare', 'confirm', 'run'] as const;
export type Step = (typeof STEPS)[number];

export type Successor = { readonly id: string; readonly name: string; readonly isActing: boolean };
/** The failover servers that record its cameras now, and the recording servers that these protect. */
export function successorsOf(spares: readonly Spare[], serverId: string): readonly Successor[] {
  const acting = spares.filter(({ facts }) =>
    facts?.takeovers.some((one) => one.serverId === serverId && one.cameras.some(({ covered }) => covered)),
  );
  const others = acting.flatMap(({ facts }) => facts?.watched ?? []);
  const able = others.filter(({ id, mode, connected }) => id !== serverId && mode === 'recording' && connected);
  const unique = new Map(able.map(({ id, name }) => [id, { id, name, isActing: false }]));
  return [...acting.map(({ id, name }) => ({ id, name, isActing: true })), ...unique.values()];
}

type Order = {
  readonly serverId: string;
  readonly name: string;
  /** One that runs already. */
  readonly replacement?: string;
  readonly onClose: () => void;
  readonly refresh: () => void;
};
export type Wizard = {
  readonly step: Step;
  readonly by: Successor | undefined;
  readonly preview: ReplaceServerResult | undefined;
  /** Id of the replacement. */
  readonly running: string | undefined;
  readonly typed: string;
  readonly busy: boolean;
  readonly error: unknown;
  readonly canGoOn: boolean;
  readonly setBy: (to: Successor) => void;
  readonly setTyped: (to: string) => void;
  readonly goOn: () => Promise<void>;
  readonly goBack: () => void;
};
export function useWizard(
  { serverId, name, replacement, onClose, refresh }: Order,
  first: Successor | undefined,
): Wizard {
  const [step, setStep] = useState<Step>(replacement === undefined ? 'choose' : 'run');
  const [by, setBy] = useState(first);
  const [preview, setPreview] = useState<ReplaceServerResult>();
  const [running, setRunning] = useState(replacement);
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const work: Readonly<Record<Step, (successor: Successor) => Promise<void>>> = {
    choose: async (successor) => {
      setPreview(await activityApi.replace(serverId, { by: successor.id, dryRun: true }));
      setStep('compare');
    },
    compare: async () => await Promise.resolve(setStep('confirm')),
    confirm: async (successor) => {
      const { replacement: begun } = await activityApi.replace(serverId, { by: successor.id, confirm: typed });
      setRunning(begun?.id);
      setStep('run');
      refresh();
    },
    run: async () => await Promise.resolve(),
  };
  const canGoOn = !busy && (step === 'run' || (by !== undefined && (step !== 'confirm' || typed === name)));
  return {
    step,
    by,
    preview,
    running,
    typed,
    busy,
    error,
    canGoOn,
    setBy,
    setTyped,
    goBack: () => {
      setError(undefined);
      setStep(step === 'confirm' ? 'compare' : 'choose');
    },
    goOn: async () => {
      if (!canGoOn) return;
      if (by === undefined || step === 'run') return onClose();
      setBusy(true);
      setError(undefined);
      await work[step](by).catch(setError);
      setBusy(false);
    },
  };
}
