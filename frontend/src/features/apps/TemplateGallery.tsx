/** Templates to begin with: found by word, kind or topic; one opens with its drawing, what it needs, and what it asks. */
import { Badge, Chip, Group, Select, SimpleGrid, Skeleton, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { api } from "@/shared/api/client";
import type { AppMode, Page } from "@/shared/api/types";
import { Loaded } from "@/shared/ui/states";
import classes from "./TemplateGallery.module.css";
import { TemplateDetail } from "./TemplateGalleryDetail";
import { Drawing, type Preview } from "./TemplateGalleryDrawing";

export type Words = Record<"en" | "zh" | "ru", string>;
export type NeedKind = "dataset" | "web_search" | "second_model" | "larger_model";
export type Tag = "chat" | "code" | "data" | "evaluation" | "knowledge" | "research" | "support" | "writing";

export interface Template {
  id: string;
  mode: AppMode;
  tags: Tag[];
  name: Words;
  description: Words;
  needs: { kind: NeedKind; met: boolean; text: Words }[];
  preview: Preview;
  prompt: string;
}

/** The reader's language of a text that the server has in all three. */
export function useWordsOf(): (words: Words) => string {
  const { i18n } = useTranslation();
  return (words) => words[i18n.language as keyof Words] ?? words.en;
}

const useTemplates = () =>
  useQuery({
    queryKey: ["templates"],
    queryFn: () => api.get<Page<Template>>("/templates"),
    select: (page) => page.results,
  });

/** The chosen template stands in the address, so that a link shows it. */
export function TemplateGallery() {
  const templates = useTemplates();
  const [search, setSearch] = useSearchParams();
  const choose = (id: string) =>
    setSearch(
      (params) => {
        if (id) params.set("template", id);
        else params.delete("template");
        return params;
      },
      { replace: true },
    );
  return (
    <Loaded query={templates} skeleton={<GallerySkeleton />}>
      {(list) => {
        const chosen = list.find((each) => each.id === search.get("template"));
        return chosen ? <TemplateDetail key={chosen.id} template={chosen} onBack={() => choose("")} /> : <Gallery list={list} onChoose={choose} />;
      }}
    </Loaded>
  );
}

function Gallery({ list, onChoose }: { list: Template[]; onChoose: (id: string) => void }) {
  const { t } = useTranslation();
  const words = useWordsOf();
  const [text, setText] = useState("");
  const [mode, setMode] = useState<string | null>(null);
  const [tag, setTag] = useState<string | null>(null);
  const modes = [...new Set(list.map((each) => each.mode))];
  const tags = [...new Set(list.flatMap((each) => each.tags))].sort();
  const wanted = text.trim().toLowerCase();
  const found = list.filter(
    (each) => (!mode || each.mode === mode) && (!tag || each.tags.some((own) => own === tag)) && `${words(each.name)} ${words(each.description)}`.toLowerCase().includes(wanted),
  );
  return (
    <Stack>
      <Group gap="sm">
        <TextInput
          leftSection={<IconSearch size={16} />}
          placeholder={t("templates.search")}
          aria-label={t("templates.search")}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          flex={1}
          miw={180}
        />
        <Select
          aria-label={t("apps.mode")}
          placeholder={t("templates.everyKind")}
          clearable
          value={mode}
          onChange={setMode}
          data={modes.map((value) => ({ value, label: t(`apps.modes.${value}`) }))}
          w={170}
        />
      </Group>
      <Group gap={6} role="group" aria-label={t("templates.topic")}>
        {tags.map((each) => (
          <Chip key={each} size="xs" checked={tag === each} onChange={(on) => setTag(on ? each : null)}>
            {t(`templates.tags.${each}`)}
          </Chip>
        ))}
      </Group>
      {found.length === 0 && <Text c="dimmed">{t("templates.noneFound")}</Text>}
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="sm">
        {found.map((template) => (
          <TemplateCard key={template.id} template={template} onClick={() => onChoose(template.id)} />
        ))}
      </SimpleGrid>
    </Stack>
  );
}

function TemplateCard({ template, onClick }: { template: Template; onClick: () => void }) {
  const { t } = useTranslation();
  const words = useWordsOf();
  const missing = template.needs.filter((need) => !need.met);
  return (
    <UnstyledButton className={classes.card} onClick={onClick}>
      <div className={classes.picture} aria-hidden>
        {template.preview.nodes.length > 0 ? <Drawing preview={template.preview} /> : <p className={classes.prompt}>{template.prompt}</p>}
      </div>
      <div className={classes.cardText}>
        <Text fw={600} size="sm">
          {words(template.name)}
        </Text>
        <Text size="xs" c="dimmed" className="clamp-2">
          {words(template.description)}
        </Text>
        <Group gap={6} mt="auto" pt={6}>
          <Badge size="sm" color="gray">
            {t(`apps.modes.${template.mode}`)}
          </Badge>
          {missing.map((need) => (
            <Badge key={need.kind} size="sm" color="yellow">
              {t(`templates.needs.${need.kind}`)}
            </Badge>
          ))}
        </Group>
      </div>
    </UnstyledButton>
  );
}

function GallerySkeleton() {
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="sm">
      {[1, 2, 3, 4, 5, 6].map((card) => (
        <Skeleton key={card} height={210} />
      ))}
    </SimpleGrid>
  );
}
