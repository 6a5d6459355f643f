/** The editors of templates and code with their frames; CodeMirror itself is loaded when the first one is shown. */
import { Skeleton, Stack, Text } from "@mantine/core";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import classes from "../builder.module.css";
import { useBuilder } from "../store/BuilderContext";
import type { Language, Offered } from "./CodeMirrorField";
import { useOffered } from "./useReadable";

const CodeMirrorField = lazy(() => import("./CodeMirrorField"));

interface CodeEditorProps {
  label: string;
  hideLabel?: boolean;
  hint?: string;
  value: string;
  onChange: (value: string) => void;
  language: Language;
  placeholder?: string;
  offered?: Offered[];
}

export function CodeEditor({ label, hideLabel = false, hint, ...editor }: CodeEditorProps) {
  const editable = useBuilder((state) => state.editable);
  return (
    <Stack gap={4}>
      {!hideLabel && (
        <Text size="sm" fw={500}>
          {label}
        </Text>
      )}
      <div className={classes.editor}>
        <Suspense fallback={<Skeleton height={80} radius={0} />}>
          <CodeMirrorField label={label} readOnly={!editable} {...editor} />
        </Suspense>
      </div>
      {hint && (
        <Text size="xs" c="dimmed">
          {hint}
        </Text>
      )}
    </Stack>
  );
}

type TemplateEditorProps = Omit<CodeEditorProps, "language" | "offered"> & { nodeId: string; withContext?: boolean };

/** A text with variables of what is upstream. */
export function TemplateEditor({ nodeId, withContext = false, placeholder, ...editor }: TemplateEditorProps) {
  const { t } = useTranslation();
  const context = { text: "{{#context#}}", label: t("workflow.context"), type: "string", section: t("workflow.rooms.sys") };
  const offered = useOffered(nodeId, withContext ? [context] : []);
  return <CodeEditor {...editor} language="template" offered={offered} placeholder={placeholder ?? t("workflow.templatePlaceholder")} />;
}
