"""What `benches/sync` does, by boto3: the same requests to the same simulator, every record parsed, kept in a database.

Run by `cargo bench --bench sync`, which writes the work to do into a file. As quick as a script of this kind can
reasonably be: 32 threads, connections kept open, the service models loaded once, one transaction an account.
"""

import json
import resource
import sqlite3
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError

with open(sys.argv[1]) as file:
    WORK = json.load(file)
NOW = WORK["now"]
CONFIG = Config(retries={"total_max_attempts": 1}, max_pool_connections=WORK["threads"])
METRICS = ["UnblendedCost", "NetUnblendedCost", "AmortizedCost", "NetAmortizedCost"]

SESSION = boto3.Session(
    aws_access_key_id=WORK["key"], aws_secret_access_key="any", region_name="us-east-1"
)
MAKING = threading.Lock()
TALLY = threading.Lock()
requests = 0
making_cpu = 0.0


def count():
    global requests
    with TALLY:
        requests += 1


def client(service, region="us-east-1", credentials=None):
    """A client; making one is not thread-safe."""
    global making_cpu
    extra = {}
    if credentials:
        extra = {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"],
        }
    with MAKING:
        began = time.thread_time()
        made = SESSION.client(service, region_name=region, endpoint_url=WORK["endpoint"], config=CONFIG, **extra)
        making_cpu += time.thread_time() - began
    return made


STS = client("sts")


def assume(account, policy, external_id, seconds=900):
    count()
    named = {"ExternalId": external_id} if external_id else {}
    answer = STS.assume_role(
        RoleArn=account["role"], RoleSessionName="peer", Policy=policy, DurationSeconds=seconds, **named
    )
    return answer["Credentials"]


def identity(credentials):
    count()
    return client("sts", credentials=credentials).get_caller_identity()["Account"]


def gate(account):
    identity(assume(account, account["gate_policy"], account["external_id"]))
    for wrong in (None, "random-0123456789", "decoy-0123456789"):
        try:
            assume(account, account["gate_policy"], wrong)
        except ClientError:
            continue
        raise SystemExit("a role opens with a wrong ExternalId")


def lookup(trail, span, attribute, events):
    """All pages of one lookup; says whether anything came."""
    asked = {"StartTime": NOW - span, "EndTime": NOW - 1, "MaxResults": 50}
    if attribute:
        asked["LookupAttributes"] = [attribute]
    found = False
    while True:
        count()
        page = trail.lookup_events(**asked)
        for event in page["Events"]:
            record = json.loads(event["CloudTrailEvent"])
            who = record.get("userIdentity", {})
            events.append(
                (
                    record["eventID"],
                    record["eventTime"],
                    record["recipientAccountId"],
                    record["awsRegion"],
                    record["eventSource"],
                    record["eventName"],
                    record.get("readOnly"),
                    who.get("arn") or who.get("invokedBy"),
                    record.get("errorCode"),
                    record.get("sourceIPAddress"),
                    record.get("userAgent"),
                )
            )
            found = True
        if not page.get("NextToken"):
            return found
        asked["NextToken"] = page["NextToken"]


def read_events(credentials, lookups, events):
    for one in lookups:
        trail = client("cloudtrail", one["region"], credentials)
        found = [lookup(trail, one["seconds"], attribute, events) for attribute in one["first"]]
        if any(found) or one.get("always"):
            for attribute in one.get("more", []):
                lookup(trail, one["seconds"], attribute, events)


def read_costs(credentials, questions, cells):
    explorer = client("ce", credentials=credentials)
    for question in questions:
        asked = {
            "TimePeriod": {"Start": question["start"], "End": question["end"]},
            "Granularity": question["granularity"],
            "Metrics": METRICS,
        }
        if question["group"]:
            groups = ("LINKED_ACCOUNT", question["group"])
            asked["GroupBy"] = [{"Type": "DIMENSION", "Key": key} for key in groups]
        while True:
            count()
            page = explorer.get_cost_and_usage(**asked)
            for period in page["ResultsByTime"]:
                start = period["TimePeriod"]["Start"]
                for group in period["Groups"]:
                    amounts = [group["Metrics"][metric]["Amount"] for metric in METRICS]
                    cells.append((start, question["granularity"], *group["Keys"], *amounts))
            if not page.get("NextPageToken"):
                break
            asked["NextPageToken"] = page["NextPageToken"]


def read_accounts(credentials):
    organizations = client("organizations", credentials=credentials)
    asked = {"MaxResults": 20}
    while True:
        count()
        try:
            page = organizations.list_accounts(**asked)
        except organizations.exceptions.AWSOrganizationsNotInUseException:
            return
        if not page.get("NextToken"):
            return
        asked["NextToken"] = page["NextToken"]


DATABASE = sqlite3.connect(WORK["database"], check_same_thread=False)
DATABASE.execute(
    "create table events (id primary key, time, account, region, source, name, read_only, who, error, ip, agent)"
)
DATABASE.execute("create table costs (start, granularity, account, key, unblended, net, amortized, net_amortized)")
STORING = threading.Lock()


def account(one):
    gate(one)
    events, cells = [], []
    for job in one["jobs"]:
        credentials = assume(one, job["policy"], one["external_id"], 3600 if "lookups" in job else 900)
        identity(credentials)
        if "lookups" in job:
            read_events(credentials, job["lookups"], events)
        elif "costs" in job:
            read_costs(credentials, job["costs"], cells)
        else:
            read_accounts(credentials)
    with STORING, DATABASE:
        DATABASE.executemany("insert or ignore into events values (?,?,?,?,?,?,?,?,?,?,?)", events)
        DATABASE.executemany("insert into costs values (?,?,?,?,?,?,?,?)", cells)


began, cpu_began = time.perf_counter(), time.process_time()
with ThreadPoolExecutor(WORK["threads"]) as pool:
    list(pool.map(account, WORK["accounts"]))
wall, cpu = time.perf_counter() - began, time.process_time() - cpu_began
json.dump(
    {
        "what": f"boto3 {boto3.__version__}, {WORK['threads']} threads, Python {sys.version.split()[0]}",
        "requests": requests,
        "events": DATABASE.execute("select count(*) from events").fetchone()[0],
        "cost_cells": DATABASE.execute("select count(*) from costs").fetchone()[0],
        "wall_seconds": round(wall, 3),
        "requests_per_second": round(requests / wall, 1),
        "cpu_ms_per_request": round(cpu * 1e3 / requests, 3),
        "cpu_ms_per_request_without_clients": round((cpu - making_cpu) * 1e3 / requests, 3),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    },
    sys.stdout,
)
