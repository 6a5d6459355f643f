/** The left column: every part of the draft in its section. */
import { IconBooks, IconBraces, IconCpu, IconListDetails, IconMessageCircle, IconPencil, IconTool, IconVariable } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useDatasets, useModels } from "@/shared/api/queries";
import type { App } from "@/shared/api/types";
import { useDraft } from "@/shared/draft/DraftContext";
import { AgentSection } from "./AgentSection";
import { ConversationSection } from "./ConversationSection";
import { ExamplesSection } from "./ExamplesSection";
import { KnowledgeSection } from "./KnowledgeSection";
import { ModelSection } from "./ModelSection";
import { OutputSection } from "./OutputSection";
import { PromptSection } from "./PromptSection";
import { Section } from "./Section";
import { VariablesSection } from "./VariablesSection";

export function Sections({ app }: { app: App }) {
  const { t } = useTranslation();
  const draft = useDraft((state) => state.draft);
  const models = useModels();
  const datasets = useDatasets();
  const model = models.data?.find((each) => each.id === draft.model.id);
  const chosen = draft.datasets.map((id) => datasets.data?.find((each) => each.id === id)?.name).filter(Boolean);
  return (
    <>
      <Section name="model" icon={IconCpu} title={t("build.model")} summary={model?.name ?? draft.model.id ?? t("build.modelEmpty")} openAtFirst>
        <ModelSection agent={app.mode === "agent"} />
      </Section>
      <Section name="prompt" icon={IconPencil} title={t("build.instructions")} summary={draft.prompt || t("build.instructionsEmpty")} openAtFirst>
        <PromptSection app={app} />
      </Section>
      <Section name="examples" icon={IconListDetails} title={t("build.examples")} summary={draft.examples.length > 0 ? t("build.exampleCount", { count: draft.examples.length }) : t("build.examplesEmpty")}>
        <ExamplesSection />
      </Section>
      <Section name="variables" icon={IconVariable} title={t("build.variables")} summary={draft.variables.map((variable) => variable.name).join(", ") || t("build.variablesEmpty")}>
        <VariablesSection />
      </Section>
      <Section name="datasets" icon={IconBooks} title={t("build.knowledge")} summary={chosen.join(", ") || t("build.knowledgeEmpty")} openAtFirst>
        <KnowledgeSection />
      </Section>
      {app.mode === "agent" && (
        <Section name="tools" icon={IconTool} title={t("build.tools")} summary={draft.tools.map((tool) => tool.name).join(", ") || t("build.toolsEmpty")} openAtFirst>
          <AgentSection />
        </Section>
      )}
      {app.mode !== "agent" && (
        <Section name="output_schema" icon={IconBraces} title={t("build.output")} summary={draft.output_schema ? t("build.outputJson") : t("build.outputEmpty")}>
          <OutputSection />
        </Section>
      )}
      {app.mode !== "completion" && (
        <Section name="opening_statement" icon={IconMessageCircle} title={t("build.conversation")} summary={draft.opening_statement || t("build.conversationEmpty")}>
          <ConversationSection />
        </Section>
      )}
    </>
  );
}
