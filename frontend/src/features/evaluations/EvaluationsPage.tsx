/** The room of evaluations: experiments, the test sets that they run over, and the evaluators that judge. */
import { Button, Tabs } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { useMay, useRoute } from "@/shared/api/workspace";
import { Page } from "@/shared/ui/Page";
import { EvaluatorEditor } from "./EvaluatorEditor";
import { Evaluators } from "./Evaluators";
import { ExperimentPage } from "./ExperimentPage";
import { Experiments } from "./Experiments";
import { NewExperiment } from "./NewExperiment";
import { SetPage } from "./SetPage";
import { SetForm } from "./SetForm";
import { Sets } from "./Sets";

const SECTIONS = ["experiments", "sets", "evaluators"] as const;
type Section = (typeof SECTIONS)[number];

export function EvaluationsPage() {
  const { section = "experiments", id } = useParams();
  const known = SECTIONS.find((each) => each === section) ?? "experiments";
  if (id && known === "sets") return <SetPage key={id} id={id} />;
  if (id && known === "experiments") return <ExperimentPage key={id} id={id} />;
  return <Room section={known} />;
}

function Room({ section }: { section: Section }) {
  const { t } = useTranslation();
  const route = useRoute();
  const navigate = useNavigate();
  const may = useMay();
  const [adding, setAdding] = useState(false);
  const close = () => setAdding(false);
  const add = may.edit && (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>
      {t(`evaluations.new.${section}`)}
    </Button>
  );
  return (
    <Page title={t("evaluations.title")} description={t("evaluations.text")} actions={add}>
      <Tabs value={section} onChange={(value) => value && void navigate(route(`evaluations/${value}`))} mb="lg">
        <Tabs.List>
          {SECTIONS.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`evaluations.sections.${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </Tabs>
      {section === "experiments" && <Experiments />}
      {section === "sets" && <Sets />}
      {section === "evaluators" && <Evaluators />}
      <NewExperiment opened={adding && section === "experiments"} onClose={close} />
      <SetForm opened={adding && section === "sets"} onClose={close} />
      <EvaluatorEditor opened={adding && section === "evaluators"} onClose={close} evaluator={null} />
    </Page>
  );
}
