"""What a good Python script does today: the reference that scripts/bench measures embedctl against.

    reference.py submit FAMILY_ID FOLDER [DIMS]   writes the family's rows as request files
    reference.py ingest FILE…                     writes the vectors of result files

psycopg2 as the distribution has it, a server-side cursor, json for every line, and 1,000 rows per
statement and commit. It keeps no books, syncs no file and checks nothing but that a row is empty.
DATABASE_URL names the database.
"""

import array
import base64
import json
import os
import sys

import psycopg2
from psycopg2.extras import execute_values

ROWS_PER_FILE = 50_000
ROWS_PER_STATEMENT = 1_000


def submit(connection, family_id, folder, dims=1536):
    os.makedirs(folder)
    file = None
    with connection.cursor("rows") as cursor:
        cursor.itersize = 2_000
        cursor.execute(
            "SELECT id::text, content FROM knowledge_chunks"
            " WHERE family_id = %s AND embedding IS NULL",
            (family_id,),
        )
        for n, (key, content) in enumerate(cursor):
            if n % ROWS_PER_FILE == 0:
                if file:
                    file.close()
                file = open(f"{folder}/input_{n // ROWS_PER_FILE + 1:03}.jsonl", "w")
            body = {
                "model": "text-embedding-3-small",
                "dimensions": int(dims),
                "encoding_format": "base64",
                "input": content,
            }
            request = {"custom_id": key, "method": "POST", "url": "/v1/embeddings", "body": body}
            file.write(json.dumps(request) + "\n")
    if file:
        file.close()


def vector_text(embedding):
    if isinstance(embedding, str):
        embedding = array.array("f", base64.b64decode(embedding)).tolist()
    return str(embedding)


def rows_of(paths):
    for path in paths:
        with open(path) as file:
            for line in file:
                result = json.loads(line)
                embedding = result["response"]["body"]["data"][0]["embedding"]
                yield result["custom_id"], vector_text(embedding)


def write(connection, rows):
    with connection.cursor() as cursor:
        execute_values(
            cursor,
            "UPDATE knowledge_chunks AS t SET embedding = v.embedding::vector"
            " FROM (VALUES %s) AS v (id, embedding)"
            " WHERE t.id = v.id::uuid AND t.embedding IS NULL",
            rows,
            page_size=ROWS_PER_STATEMENT,
        )
    connection.commit()


def ingest(connection, *paths):
    rows = []
    for row in rows_of(paths):
        rows.append(row)
        if len(rows) == ROWS_PER_STATEMENT:
            write(connection, rows)
            rows = []
    if rows:
        write(connection, rows)


if __name__ == "__main__":
    verb, *arguments = sys.argv[1:]
    with psycopg2.connect(os.environ["DATABASE_URL"]) as database:
        {"submit": submit, "ingest": ingest}[verb](database, *arguments)
